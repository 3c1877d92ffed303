import { readWeightsFile } from './file.ts'
import { type ModelHints, modelOf, type SavedModel } from './model.ts'

/**
 * Reads a model: a checkpoint folder or file that training wrote, or a raw weights file and what it does not say of itself.
 * Throws BAD_WEIGHTS where it cannot be read or is no whole ResNet, BAD_CONFIG where hints are missing or do not fit it.
 */
export async function readModel(path: string, hints: ModelHints = {}): Promise<SavedModel> {
  return modelOf(await readWeightsFile(path), path, hints)
}
