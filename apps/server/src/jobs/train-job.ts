import { isAbsolute } from 'node:path'
import type { Handlers, TrainContext, TrainJob } from '@sporeprint/api'
import type { TrainSpec } from '@sporeprint/engine'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'

/** Where the platform's train job meets the engine: the job becomes a TrainSpec, and the engine's events are the platform's. */
export const trainJob: Handlers['train'] = async (job, context) => {
  const { train } = await loadEngine()
  const { signal, report } = context
  return toldOfCrashes(async () =>
    train({ ...toSpec(job), weights: await findWeights(job, context) }, { onEvent: report, signal }),
  )
}

/** A name means weights of this worker's machine, fetched here if need be. */
async function findWeights(
  { config: { weights } }: TrainJob,
  { signal, report }: TrainContext,
): Promise<string | null> {
  if (weights === null || isAbsolute(weights)) return weights
  const { weightsByName } = await loadEngine()
  const onDownload = (name: string, url: string) =>
    report({ type: 'log', level: 'info', message: `downloading ${name} from ${url}` })
  return weightsByName(weights, { signal, onDownload })
}

function toSpec({ config, datasetPath, outDir, resume, until, restarts }: TrainJob): TrainSpec {
  const { augmentation: augment, ...settings } = config
  return { ...settings, augment, restarts, until, data: datasetPath, out: outDir, resume }
}
