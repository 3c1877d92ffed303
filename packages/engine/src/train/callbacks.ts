/** What may be hung into a fit: it hears of steps and epochs, and may end it. */
import type { Learner, Snapshot } from './learner.ts'
import { improves, type Monitor } from './monitor.ts'
import type { StepReport } from './phases.ts'
import type { EpochRecord } from './spec.ts'

export interface Callback {
  onStep?(step: StepReport): void
  /** After an epoch and its validation, in the order the callbacks were given; `stop` makes it the fit's last. */
  onEpoch?(epoch: EpochRecord, learner: Learner): CallbackAnswer | Promise<CallbackAnswer>
  /** Once, however the fit ends: done, stopped, left or failed. */
  onEnd?(learner: Learner): void | Promise<void>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a callback that has nothing to say returns nothing
type CallbackAnswer = 'stop' | void

export interface EarlyStoppingOptions extends Monitor {
  /** Ends the fit after so many epochs without an improvement. */
  patience: number
  /** Leave the learner with the weights of its best epoch (default) rather than its last. */
  restoreBest?: boolean
}

/**
 * Ends a fit that no longer improves. Unlike fastai's, it leaves the learner at its best epoch, whose weights are kept in
 * memory meanwhile.
 */
export function earlyStopping({ patience, restoreBest = true, ...monitor }: EarlyStoppingOptions): Callback {
  if (!Number.isInteger(patience) || patience < 1)
    throw new RangeError(`patience must be a whole number of at least 1, not ${patience}`)
  let best: EpochRecord | null = null
  let kept: Snapshot | null = null
  let waited = 0
  return {
    async onEpoch(epoch, learner) {
      if (best && !improves(epoch, best, monitor)) return ++waited >= patience ? 'stop' : undefined
      best = epoch
      waited = 0
      if (!restoreBest) return
      kept = await learner.snapshot('weights')
    },
    onEnd(learner) {
      if (kept && waited > 0)
        learner.goBack(kept)
        // A callback may be used again.
      ;[best, kept, waited] = [null, null, 0]
    },
  }
}
