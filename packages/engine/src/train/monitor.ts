/** Which epoch is the best, and since when there has been no better one: for early stopping and for what is kept as best. */
import type { EpochRecord } from './spec.ts'

export type MonitorName = 'validLoss' | 'trainLoss' | 'accuracy' | 'f1Weighted' | 'f1Micro' | 'f1Macro'

export const monitorNames: readonly MonitorName[] = [
  'validLoss',
  'trainLoss',
  'accuracy',
  'f1Weighted',
  'f1Micro',
  'f1Macro',
]

/** What is watched. Losses are better when lower, all else when higher. */
export interface Monitor {
  /** Default validLoss. */
  monitor?: MonitorName
  /** A change up to this much is no improvement. Default 0. */
  minDelta?: number
}

/** Whether `epoch` beats `best`. NaN never does, and anything else beats it. */
export function improves(epoch: EpochRecord, best: EpochRecord, options: Monitor = {}): boolean {
  const { monitor = 'validLoss', minDelta = 0 } = options
  if (Number.isNaN(best[monitor])) return !Number.isNaN(epoch[monitor])
  const gain = epoch[monitor] - best[monitor]
  return (monitor.endsWith('Loss') ? -gain : gain) > minDelta
}

/** The first epoch that no later one improves on. `history` must not be empty. */
export function bestOf(history: readonly EpochRecord[], monitor?: Monitor): EpochRecord {
  return history.reduce((best, epoch) => (improves(epoch, best, monitor) ? epoch : best))
}

/** Epochs since the best one. */
export function epochsWithoutGain(history: readonly EpochRecord[], monitor?: Monitor): number {
  return history.length === 0 ? 0 : history.length - 1 - history.indexOf(bestOf(history, monitor))
}
