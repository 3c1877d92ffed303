import { basename, join, relative, resolve } from 'node:path'
import type { TrainSpec } from '@sporeprint/engine'
import { CommandError, UsageError } from '../cli/errors.ts'
import { exists } from '../files.ts'
import { readAugmentation } from './augmentation.ts'
import { readConfigFile } from './config-file.ts'
import { type GivenSettings, withDefaults } from './settings.ts'

export interface TrainRequest {
  /** Folder of the images. */
  dir: string
  /** Settings that win over those of the config file. */
  given: GivenSettings
  /** Config file. */
  config?: string
  /** Folder of the run; without it, a new one under .sporeprint/trained. */
  out?: string
  resume?: boolean
  /** The path of the weights that a file or a name means. */
  findWeights: (name: string) => Promise<string>
}

/**
 * The spec of a run, every path absolute.
 * Throws UsageError, and CommandError OUT_IN_USE where the folder holds a run that is not to be resumed.
 */
export async function buildSpec(request: TrainRequest): Promise<TrainSpec & { out: string }> {
  const { dir, given, out, resume = false } = request
  if (resume && out === undefined) throw new UsageError('--resume needs --out DIR, the folder of the run to go on with')
  const config = request.config === undefined ? {} : await readConfigFile(request.config)
  const chosen = withDefaults({ ...config, ...given })
  if (chosen.epochs + chosen.freezeEpochs === 0) {
    throw new UsageError('--epochs and --freeze-epochs are both 0: there is nothing to train')
  }
  if (chosen.folds !== null && chosen.fold >= chosen.folds) {
    throw new UsageError(`--fold ${chosen.fold} must be below --folds ${chosen.folds}: folds are counted from 0`)
  }
  const larger = chosen.progressive.find(({ size }) => size > chosen.size)
  if (larger)
    throw new UsageError(`--progressive ${larger.size} must not be above --size ${chosen.size}, its last size`)
  const data = resolve(dir)
  const place = resolve(out ?? join('.sporeprint', 'trained', runName(data, chosen.arch)))
  if (!resume && (await holdsRun(place))) {
    const name = relative('', place) || '.'
    throw new CommandError(
      'OUT_IN_USE',
      `${name} holds a run already: --resume goes on with it, another --out keeps it`,
    )
  }
  // A run that goes on has no more need of the weights it began with.
  const begins = !resume || !(await exists(join(place, 'last', 'resume.safetensors')))
  const weights = chosen.weights !== null && begins ? await request.findWeights(chosen.weights) : chosen.weights
  const augment = await readAugmentation(chosen.augment)
  return { ...chosen, augment, restarts: [], until: null, data, weights, out: place, resume }
}

/** photos-resnet18-20261123-211500: the folder, the network and the time (UTC). */
function runName(data: string, arch: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  return `${basename(data)}-${arch}-${time}`
}

/** True if a training run has written to `folder`. */
async function holdsRun(folder: string): Promise<boolean> {
  const found = await Promise.all(['history.jsonl', 'last', 'best'].map((trace) => exists(join(folder, trace))))
  return found.includes(true)
}
