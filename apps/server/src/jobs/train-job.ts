import { isAbsolute } from 'node:path'
import type { Handlers, TrainJob } from '@sporeprint/api'
import type { TrainSpec } from '@sporeprint/engine'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'

/** Where the platform's train job meets the engine: the job becomes a TrainSpec, and the engine's events are the platform's. */
export const trainJob: Handlers['train'] = async (job, { signal, report }) => {
  const { train } = await loadEngine()
  const onDownload = (name: string, url: string): void =>
    report({ type: 'log', level: 'info', message: `downloading ${name} from ${url}` })
  return toldOfCrashes(async () => {
    const weights = await findWeights(job.config.weights, signal, onDownload)
    return train({ ...toSpec(job), weights }, { onEvent: report, signal })
  })
}

/** A name means weights of this worker's machine, fetched here if need be. */
export async function findWeights(
  weights: string | null,
  signal: AbortSignal,
  onDownload: (name: string, url: string) => void,
): Promise<string | null> {
  if (weights === null || isAbsolute(weights)) return weights
  const { weightsByName } = await loadEngine()
  return weightsByName(weights, { signal, onDownload })
}

export function toSpec({ config, datasetPath, outDir, resume, until, restarts }: TrainJob): TrainSpec {
  const { augmentation: augment, ...settings } = config
  return { ...settings, augment, restarts, until, data: datasetPath, out: outDir, resume }
}
