import { type Direction, lastReport, lossSign, type Study, type Trial } from '../study.ts'

/**
 * Asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020). At rung k,
 * after minResource · η^(rate + k) steps, a trial goes on if it is in the best 1/η of those that came so far. The first η − 1
 * go on where they are the best yet: nobody waits.
 */
export interface SuccessiveHalvingPruner extends HalvingOptions {
  kind: 'successiveHalving'
  /** Steps to the first rung; learned from the first complete trial unless given: a hundredth of its steps, at least 1. */
  minResource?: number
  /** Leaves out so many of the lowest rungs; default 0. */
  minEarlyStoppingRate?: number
}

export interface HalvingOptions {
  /** η; default 4, of Hyperband 3. */
  reductionFactor?: number
  /** Nobody goes on from a rung before more than so many trials came there; default 0. */
  bootstrapCount?: number
}

/** `trials` are those that compete with `trial`, itself included; its rungs are noted as it reaches them. */
export function prunedByHalving(
  pruner: SuccessiveHalvingPruner,
  study: Study,
  trials: readonly Trial[],
  trial: Trial,
): boolean {
  const last = lastReport(trial)
  if (last === null) return false
  const { reductionFactor = 4, minEarlyStoppingRate = 0, bootstrapCount = 0 } = pruner
  const minResource = pruner.minResource ?? learnMinResource(study, trials)
  if (minResource === null) return false
  for (;;) {
    const rung = trial.rungs.length
    if (last.step < minResource * reductionFactor ** (minEarlyStoppingRate + rung)) return false
    if (Number.isNaN(last.value)) return true
    trial.rungs.push(last.value)
    const competing = trials.filter(({ rungs }) => rungs.length > rung).map(({ rungs }) => rungs[rung] as number)
    if (competing.length <= bootstrapCount) return true
    if (!isPromotable(last.value, competing, reductionFactor, study.directions[0])) return true
  }
}

function isPromotable(value: number, competing: readonly number[], factor: number, direction: Direction | undefined) {
  const sign = lossSign(direction)
  const losses = Float64Array.from(competing, (other) => sign * other).sort()
  return sign * value <= (losses[Math.max(Math.floor(losses.length / factor) - 1, 0)] as number)
}

/** Learned once, and kept with the study: what later trials do must not move the rungs. */
function learnMinResource(study: Study, trials: readonly Trial[]): number | null {
  if (study.learned.minResource !== undefined) return study.learned.minResource
  const steps = stepsOfComplete(trials)
  if (steps === null) return null
  return (study.learned.minResource = Math.max(Math.floor(steps / 100), 1))
}

/** The highest last step of complete trials; null where none reported. */
export function stepsOfComplete(trials: readonly Trial[]): number | null {
  let steps: number | null = null
  for (const trial of trials) {
    const last = trial.state === 'complete' ? lastReport(trial) : null
    if (last !== null) steps = Math.max(steps ?? 0, last.step)
  }
  return steps
}

/**
 * The pruned trial that its rung would let go on by now, since worse ones came after it: true ASHA, which Optuna cannot do. It is
 * the best of the highest rung where one is. Whoever kept its checkpoint may `resume` it instead of asking for a new trial.
 */
export function resumableTrial(study: Study): Trial | null {
  const { pruner } = study
  if (pruner.kind !== 'successiveHalving') return null
  const { reductionFactor = 4, bootstrapCount = 0 } = pruner
  const sign = lossSign(study.directions[0])
  for (let rung = Math.max(0, ...study.trials.map(({ rungs }) => rungs.length)) - 1; rung >= 0; rung--) {
    const competing = study.trials.filter(({ rungs }) => rungs.length > rung)
    const promotable = Math.floor(competing.length / reductionFactor)
    if (competing.length <= bootstrapCount) continue
    const lossAt = ({ rungs }: Trial) => sign * (rungs[rung] as number)
    const best = competing.toSorted((a, b) => lossAt(a) - lossAt(b)).slice(0, promotable)
    const stopped = best.find(({ state, rungs }) => state === 'pruned' && rungs.length === rung + 1)
    if (stopped !== undefined) return stopped
  }
  return null
}
