/** What a study may search for, and what a trial's epochs say of it. */
import type { Direction, Objective } from '@sporeprint/tuning'
import type { RunConfig } from '../../jobs/contracts.ts'
import type { EpochRow } from '../runs/runs.table.ts'

type Monitor = RunConfig['monitor']

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

/** The value of an objective after some epochs: as in the last of them; seconds are those of all. */
export function valueAfter({ metric }: Objective, epochs: readonly EpochRow[]): number {
  if (metric === 'seconds') return epochs.reduce((sum, { seconds }) => sum + seconds, 0)
  return epochs.at(-1)?.[metric as Exclude<ObjectiveMetric, 'seconds'>] ?? Number.NaN
}

/**
 * The epochs that a trial is valued by: all of them, to the end of a schedule; under early stopping, which keeps the best epoch,
 * those up to it.
 */
export function epochsThatCount({ patience, monitor }: RunConfig, epochs: readonly EpochRow[]): readonly EpochRow[] {
  if (patience === null) return epochs
  const sign = monitor === 'validLoss' ? 1 : -1
  const best = Math.min(...epochs.map((epoch) => sign * epoch[monitor]))
  return epochs.slice(0, epochs.findIndex((epoch) => sign * epoch[monitor] === best) + 1)
}

/** What makes an epoch the best of a trial, unless the configuration says otherwise: what the study searches for. */
export function monitorOf([objective]: readonly Objective[]): Monitor {
  const metric = objective?.metric
  if (metric === 'f1Micro') return 'accuracy'
  return metric === undefined || metric === 'seconds' ? 'validLoss' : (metric as Monitor)
}
