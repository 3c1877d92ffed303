/** The form that starts a run: from text as typed to the mutation's input. */
import type { Api } from './api.ts'
import { startRunMutation } from './documents.ts'
import type { AugmentationPreset, StartRunInput } from './documents.types.ts'
import {
  emptyTraining,
  given,
  isNumber,
  isWhole,
  noDataset,
  notWhole,
  type Problems,
  refused,
  type TrainingForm,
} from './start-form.ts'

export interface StartRunForm extends TrainingForm {
  epochs: string
  baseLr: string
  augmentation: AugmentationPreset
}

export const emptyRun: StartRunForm = {
  ...emptyTraining,
  epochs: '5',
  baseLr: '0.002',
  augmentation: 'none',
}

/** What can be seen without the server: a missing dataset and text that is no number. */
export function checkRun(form: StartRunForm): Problems<StartRunForm> {
  const problems: Problems<StartRunForm> = {}
  if (form.dataset === '') problems.dataset = noDataset
  for (const field of ['size', 'batch', 'epochs'] as const) {
    if (!isWhole(form[field])) problems[field] = notWhole
  }
  if (!isNumber(form.baseLr)) problems.baseLr = 'Must be a number, such as 0.002'
  return problems
}

export function toRunInput(form: StartRunForm): StartRunInput {
  const name = given(form.name)
  const weights = given(form.weights)
  return {
    dataset: form.dataset,
    ...(name && { name }),
    config: {
      arch: form.arch,
      ...(weights && { weights }),
      size: Number(form.size),
      batch: Number(form.batch),
      epochs: Number(form.epochs),
      baseLr: Number(form.baseLr),
      augmentation: { preset: form.augmentation },
    },
  }
}

/**
 * Starts the run.
 * @returns its id
 * @throws {ApiError} INVALID_INPUT with the fields at fault, or any failure of the request
 */
export async function startRun(api: Api, form: StartRunForm): Promise<string> {
  const { startRun: result } = await api.mutate(startRunMutation, { input: toRunInput(form) })
  return result.__typename === 'StartRunSuccess' ? result.run.id : refused(result)
}
