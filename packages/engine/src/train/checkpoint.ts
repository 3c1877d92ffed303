/**
 * What a run leaves in its folder:
 *
 *   best/model.safetensors    weights of the epoch of lowest validation loss
 *   last/model.safetensors    weights of the last epoch
 *   last/resume.safetensors   everything that going on needs: flat buffers, moments, loss scale, position, history
 *   history.jsonl             one epoch a line
 *   result.json               written last: the run is finished
 *
 * Each file is replaced in one rename, resume.safetensors after the models: it is what makes an epoch count.
 */
import { access, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import type { StoreBuffer } from '../graph/tensor.ts'
import type { ChosenNames } from '../kernels/conv2d/conv2d.variants.ts'
import type { ResNet } from '../nn/resnet.ts'
import { readWeightsFile, writeAtomically, writeWeightsFile } from '../weights/file.ts'
import type { StateDict } from '../weights/safetensors.ts'
import { keptBuffers, type Learner, type LearnerProgress } from './learner.ts'
import type { EpochRecord, TrainResult, TrainSpec } from './spec.ts'

/** What is known of a run between two epochs. */
export interface RunPosition {
  spec: TrainSpec
  classes: readonly string[]
  progress: LearnerProgress
  history: readonly EpochRecord[]
  best: EpochRecord
  /** What the device's choices of variants were: going on with others would add up in another order. */
  choices?: ChosenNames
}

export class RunFolder {
  readonly dir: string

  constructor(dir: string) {
    this.dir = dir
  }

  model(kind: 'best' | 'last'): string {
    return join(this.dir, kind)
  }

  /** Makes the folder, and clears what an earlier run left, unless this one goes on from it. */
  async begin(resume: boolean): Promise<void> {
    try {
      await mkdir(this.dir, { recursive: true })
    } catch (cause) {
      throw new EngineError('DISK', `the folder ${this.dir} cannot be made: ${(cause as Error).message}`, { cause })
    }
    if (resume) return
    for (const name of ['best', 'last', 'history.jsonl', 'result.json']) {
      await rm(join(this.dir, name), { recursive: true, force: true })
    }
  }

  /** Weights by torchvision's names, with all that is needed to use them in the header. */
  saveModel(kind: 'best' | 'last', model: ResNet, size: number, epoch: EpochRecord, dict: StateDict): Promise<void> {
    const metadata = modelMetadata(model, size, epoch)
    return writeWeightsFile(join(this.model(kind), 'model.safetensors'), { tensors: dict, metadata })
  }

  async savePosition(learner: Learner, position: RunPosition): Promise<void> {
    const tensors: StateDict = new Map()
    for (const name of keptBuffers(position.spec)) {
      const values = await learner.store.readAll(name)
      tensors.set(name, { shape: [values.length], values })
    }
    const metadata = { format: 'sporeprint-resume-1', position: JSON.stringify(position) }
    await writeWeightsFile(join(this.dir, 'last', 'resume.safetensors'), { tensors, metadata })
    await this.#writeText('history.jsonl', position.history.map((epoch) => `${JSON.stringify(epoch)}\n`).join(''))
  }

  /** Where a run stopped, or null where there is nothing to go on from. */
  async readPosition(): Promise<{ position: RunPosition; restore: (learner: Learner) => void } | null> {
    const path = join(this.dir, 'last', 'resume.safetensors')
    if (!(await exists(path))) return null
    const { tensors, metadata } = await readWeightsFile(path)
    const position = JSON.parse(metadata.position ?? 'null') as RunPosition | null
    if (!position)
      throw new EngineError('BAD_WEIGHTS', `${path} does not say where its run stopped: start again without --resume`)
    const restore = (learner: Learner): void => {
      for (const [name, { values }] of tensors) learner.store.writeAll(name as StoreBuffer, values)
      learner.restore(position.progress)
    }
    return { position, restore }
  }

  async writeResult(result: TrainResult): Promise<void> {
    await this.#writeText('result.json', `${JSON.stringify(result, null, 2)}\n`)
  }

  /** The result of a run that is finished, else null. */
  async readResult(): Promise<TrainResult | null> {
    const path = join(this.dir, 'result.json')
    return (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as TrainResult) : null
  }

  #writeText(name: string, text: string): Promise<void> {
    return writeAtomically(join(this.dir, name), [new TextEncoder().encode(text)])
  }
}

/** The header of a model's file: all that is needed to use it. */
export function modelMetadata(model: ResNet, size: number, epoch: EpochRecord): Record<string, string> {
  return {
    format: 'pt', // names, shapes and order are PyTorch's
    producer: 'sporeprint',
    arch: model.arch,
    head: model.head,
    classes: JSON.stringify(model.classes),
    size: String(size),
    mean: JSON.stringify(model.preprocessing.mean),
    std: JSON.stringify(model.preprocessing.std),
    epoch: JSON.stringify(epoch),
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
