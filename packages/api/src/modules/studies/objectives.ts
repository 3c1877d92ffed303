/** What a study may search for, and what a trial's epochs say of it. */
import type { Direction, Objective } from '@sporeprint/tuning'
import type { EpochRow } from '../runs/runs.table.ts'

/** Each with the direction that is meant unless another is given. */
export const objectiveMetrics = {
  validLoss: 'minimize',
  accuracy: 'maximize',
  f1Weighted: 'maximize',
  f1Micro: 'maximize',
  f1Macro: 'maximize',
  seconds: 'minimize',
} as const satisfies Record<string, Direction>
export type ObjectiveMetric = keyof typeof objectiveMetrics
export const objectiveMetricNames = Object.keys(objectiveMetrics) as ObjectiveMetric[]

/** The value of an objective after some epochs, at least one: as in the last of them; seconds are those of all. */
export function valueAfter({ metric }: Objective, epochs: readonly EpochRow[]): number {
  if (metric === 'seconds') return epochs.reduce((sum, { seconds }) => sum + seconds, 0)
  return epochs.at(-1)?.[metric as Exclude<ObjectiveMetric, 'seconds'>] ?? Number.NaN
}

/** Whether it is a share, or nearly one, of the validation images. */
export const isScore = ({ metric }: Objective): boolean => metric !== 'validLoss' && metric !== 'seconds'
