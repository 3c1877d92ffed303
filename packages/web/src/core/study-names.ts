/** What the reader reads for the parts of a study. */
import type { ObjectiveMetric, PrunerKind, SamplerKind, StudyStatus, TrialState } from './documents.types.ts'
import { formatDuration, formatNumber, formatPercent } from './format.ts'

export const studyStatusLabels: Record<StudyStatus, string> = {
  RUNNING: 'Running',
  STOPPED: 'Stopped',
  FINISHED: 'Finished',
}

export const trialStateLabels: Record<TrialState, string> = {
  waiting: 'Waiting',
  running: 'Running',
  paused: 'Paused',
  pruned: 'Pruned',
  complete: 'Complete',
  failed: 'Failed',
}

export const metricLabels: Record<ObjectiveMetric, string> = {
  validLoss: 'Valid loss',
  accuracy: 'Accuracy',
  f1Weighted: 'F1 weighted',
  f1Micro: 'F1 micro',
  f1Macro: 'F1 macro',
  seconds: 'Training time',
}

export const samplerLabels: Record<SamplerKind, string> = {
  tpe: 'TPE',
  random: 'Random',
  sobol: 'Sobol',
  grid: 'Grid',
}

export const prunerLabels: Record<PrunerKind, string> = {
  none: 'None',
  successiveHalving: 'ASHA',
  hyperband: 'Hyperband',
  median: 'Median',
  percentile: 'Percentile',
  patient: 'Patient',
  threshold: 'Threshold',
}

/** The value of an objective as its metric is written elsewhere. */
export function formatObjective(metric: ObjectiveMetric, value: number | null | undefined): string {
  if (metric === 'accuracy') return formatPercent(value)
  if (metric === 'seconds') return formatDuration(value)
  return formatNumber(value, metric === 'validLoss' ? 4 : 3)
}
