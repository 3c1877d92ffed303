import type { Handlers } from '@sporeprint/api'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'
import { findWeights, toSpec } from './train-job.ts'

/** Where the platform's range test meets the engine's task. */
export const findRateJob: Handlers['findRate'] = async ({ config, datasetPath }, { signal, progress }) => {
  const { runTask } = await loadEngine()
  const weights = await findWeights(config.weights, signal, (name) =>
    progress({ stage: `downloading ${name}`, done: 0, total: 1 }),
  )
  const run = { runId: 0, config, datasetPath, outDir: '', resume: false, until: null, restarts: [] }
  const spec = { ...toSpec(run), weights, out: null }
  const onEvent: NonNullable<Parameters<typeof runTask<'findRate'>>[2]>['onEvent'] = (event) => {
    if (event.type === 'prepare') progress({ stage: event.stage, done: event.done, total: event.total })
    else if (event.type === 'step') progress({ stage: 'training', done: event.step, total: event.steps })
  }
  const { range } = await toldOfCrashes(() => runTask('findRate', { spec, sweep: {} }, { signal, onEvent }))
  return { range }
}
