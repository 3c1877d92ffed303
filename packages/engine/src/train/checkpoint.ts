/**
 * What a run leaves in its folder:
 *
 *   best/model.safetensors    weights of the epoch of lowest validation loss
 *   last/model.safetensors    weights of the last epoch
 *   last/resume.safetensors   everything that going on needs: flat buffers, moments, loss scale, position, history, what was told last
 *   last/previous.safetensors the one before, in case that one is damaged
 *   history.jsonl             one epoch a line
 *   result.json               written last: the run is finished
 *
 * Each file is replaced in one rename, resume.safetensors after the models: it is what makes an epoch count. Weights carry a checksum.
 */
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EngineError } from '../errors.ts'
import type { StoreBuffer } from '../graph/tensor.ts'
import type { ChosenNames } from '../kernels/conv2d/conv2d.variants.ts'
import type { Preprocessing, ResNet } from '../nn/resnet.ts'
import { readWeightsFile, readWeightsHeader, writeAtomically, writeWeightsFile } from '../weights/file.ts'
import { defaultPreprocessing, preprocessingMetadata } from '../weights/preprocessing.ts'
import type { StateDict } from '../weights/safetensors.ts'
import type { Learner, LearnerProgress } from './learner.ts'
import type { EpochRecord, TrainResult, TrainSpec } from './spec.ts'
import type { Told } from './told.ts'

/** What is known of a run between two steps. */
export interface RunPosition {
  spec: TrainSpec
  classes: readonly string[]
  /** Fingerprint of the images: other images would make another run. */
  images: string
  progress: LearnerProgress
  /** The epochs that are done. */
  history: readonly EpochRecord[]
  /** What was told last, to be told again. */
  told?: readonly Told[]
  /** The mean and deviation that it trains with. */
  preprocessing?: Preprocessing
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
    if (resume) return this.#removeTemporaries()
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
    const { buffers } = await learner.snapshot()
    for (const [name, values] of buffers) tensors.set(name, { shape: [values.length], values })
    const metadata = { format: 'sporeprint-resume-1', position: JSON.stringify(position) }
    await rename(this.#resume, this.#previous).catch(ifMissing)
    await writeWeightsFile(this.#resume, { tensors, metadata })
    await this.#writeText('history.jsonl', position.history.map((epoch) => `${JSON.stringify(epoch)}\n`).join(''))
  }

  /**
   * Where a run stopped, or null where there is nothing to go on from. A damaged checkpoint is given up for the one before it, and
   * `damaged` says what was wrong with it. Throws BAD_WEIGHTS where no whole one is left.
   */
  async readPosition(): Promise<Stopped | null> {
    if (!(await exists(this.#resume))) return (await exists(this.#previous)) ? readStopped(this.#previous) : null
    try {
      return await readStopped(this.#resume)
    } catch (error) {
      if (!(error instanceof EngineError) || !(await exists(this.#previous))) throw error
      const stopped = await readStopped(this.#previous)
      // The next checkpoint must not take the damaged one for the one before.
      await rename(this.#previous, this.#resume)
      return { ...stopped, damaged: error.message }
    }
  }

  /** Where the last checkpoint is, without its weights; null where there is none. Throws BAD_WEIGHTS. */
  async peekPosition(): Promise<RunPosition | null> {
    if (!(await exists(this.#resume))) return null
    return positionOf((await readWeightsHeader(this.#resume)).metadata, this.#resume)
  }

  async writeResult(result: TrainResult): Promise<void> {
    await this.#writeText('result.json', `${JSON.stringify(result, null, 2)}\n`)
  }

  /** The result of a run that is finished, else null. */
  async readResult(): Promise<TrainResult | null> {
    const path = join(this.dir, 'result.json')
    return (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as TrainResult) : null
  }

  get #resume(): string {
    return join(this.model('last'), 'resume.safetensors')
  }

  get #previous(): string {
    return join(this.model('last'), 'previous.safetensors')
  }

  /** What a killed process was writing. */
  async #removeTemporaries(): Promise<void> {
    for (const folder of [this.dir, this.model('best'), this.model('last')]) {
      const names = (await readdir(folder).catch(ifMissing)) ?? []
      for (const name of names) if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true })
    }
  }

  #writeText(name: string, text: string): Promise<void> {
    return writeAtomically(join(this.dir, name), [new TextEncoder().encode(text)])
  }
}

/** What a run's folder tells of it, without any weights. */
export interface RunRecord {
  /** Absolute. */
  dir: string
  spec: TrainSpec
  classes: readonly string[]
  /** Fingerprint of the images that it trained and validated on. */
  images: string
  history: readonly EpochRecord[]
  /** Null while it is not finished. */
  result: TrainResult | null
}

/** Reads what a run left in `dir`; null where `dir` holds none that has come to a checkpoint. Throws BAD_WEIGHTS where it is damaged. */
export async function readRunRecord(dir: string): Promise<RunRecord | null> {
  const folder = new RunFolder(resolve(dir))
  const position = await folder.peekPosition()
  if (!position) return null
  const { spec, classes, images, history } = position
  return { dir: folder.dir, spec, classes, images, history, result: await folder.readResult() }
}

/** A run that stopped. */
export interface Stopped {
  position: RunPosition
  restore: (learner: Learner) => void
  damaged?: string
}

async function readStopped(path: string): Promise<Stopped> {
  const { tensors, metadata } = await readWeightsFile(path)
  const position = positionOf(metadata, path)
  const restore = (learner: Learner): void => {
    for (const [name, { values }] of tensors) learner.store.writeAll(name as StoreBuffer, values)
    learner.restore(position.progress)
  }
  return { position, restore }
}

function positionOf(metadata: Readonly<Record<string, string>>, path: string): RunPosition {
  const position = JSON.parse(metadata.position ?? 'null') as RunPosition | null
  if (position) return position
  throw new EngineError('BAD_WEIGHTS', `${path} does not say where its run stopped: start again without --resume`)
}

/**
 * The header of a model's file: all that is needed to use it. Nothing in it tells one run from another with the same result: a
 * resumed run leaves the same bytes as one left alone.
 */
export function modelMetadata(model: ResNet, size: number, epoch: EpochRecord): Record<string, string> {
  const { seconds, ...scores } = epoch
  return {
    format: 'pt', // names, shapes and order are PyTorch's
    producer: 'sporeprint',
    arch: model.arch,
    head: model.head,
    classes: JSON.stringify(model.classes),
    ...preprocessingMetadata({ ...defaultPreprocessing, ...model.preprocessing, size }),
    epoch: JSON.stringify(scores),
  }
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
