import { isAbsolute } from 'node:path'
import { CrashError, type Handlers, type TrainJob } from '@sporeprint/api'
import type { TrainSpec } from '@sporeprint/engine'
import { loadEngine } from './engine.ts'

/** The engine's failures after which the same job may well succeed: its process or its device died. */
const crashes: ReadonlySet<string> = new Set(['HOST_CRASHED', 'DEVICE_LOST'])

/**
 * Where the platform's train job meets the engine: the job becomes a TrainSpec, the engine's events are the platform's,
 * and a death of the engine host becomes a CrashError, which the queue answers with another try from the last checkpoint.
 */
export const trainJob: Handlers['train'] = async (job, { signal, report }) => {
  const { train, weightsByName } = await loadEngine()
  const { weights } = job.config
  try {
    // A name means weights of this worker's machine, fetched here if need be.
    const path =
      weights === null || isAbsolute(weights)
        ? weights
        : await weightsByName(weights, {
            signal,
            onDownload: (name, url) =>
              report({ type: 'log', level: 'info', message: `downloading ${name} from ${url}` }),
          })
    return await train({ ...toSpec(job), weights: path }, { onEvent: report, signal })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (error instanceof Error && crashes.has(code)) throw new CrashError(code, error.message, { cause: error })
    throw error
  }
}

function toSpec({ config, datasetPath, outDir, resume }: TrainJob): TrainSpec {
  const { augmentation: augment, ...settings } = config
  return { ...settings, augment, restarts: [], until: null, data: datasetPath, out: outDir, resume }
}
