import type { Handlers } from '@sporeprint/api'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'

const stages = {
  images: 'reading images',
  looks: 'looking for near-duplicates',
  calibrate: 'calibrating on images',
  classify: 'classifying',
} as const

/** Where the platform's evaluate job meets the engine's task. */
export const evaluateJob: Handlers['evaluate'] = async (job, { signal, progress }) => {
  const { runTask } = await loadEngine()
  const { modelPath: model, datasetPath: data, splits, cut, batch, calibrate } = job
  // All of them are asked for where whoever asks does not know which there are.
  const spec = { model, data, splits: splits.length === 3 ? ('each' as const) : splits, ...cut, batch, calibrate }
  const warnings: string[] = []
  const onEvent: NonNullable<Parameters<typeof runTask<'evaluate'>>[2]>['onEvent'] = (event) => {
    if (event.type === 'log') return void warnings.push(event.message)
    const { stage, split, done, total } = event
    progress({ stage: split ? `${stages[stage]} of ${split}` : stages[stage], done, total })
  }
  const { evaluations, nearDuplicates, modelCalibration, uncalibrated } = await toldOfCrashes(() =>
    runTask('evaluate', spec, { signal, onEvent }),
  )
  return {
    evaluations: evaluations.flatMap((evaluation) => {
      const { split } = evaluation
      return split === 'all' ? [] : [{ ...evaluation, split }]
    }),
    nearDuplicates: nearDuplicates ?? { count: 0, pairs: [] },
    calibration: modelCalibration,
    uncalibrated,
    warnings,
  }
}
