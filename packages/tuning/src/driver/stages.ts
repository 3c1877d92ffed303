import { bracketBudgets, bracketOf } from '../pruners/hyperband.ts'
import { pausesAtRungs, type StudyPlan } from './plan.ts'

/** A part of a trial that is trained in one go: fold `fold` until so many unfrozen epochs of it are done. */
export interface Stage {
  readonly fold: number
  readonly epochs: number
  /** Under halving: behind it only the best go on. */
  readonly gate: boolean
}

/**
 * The rungs of a study and its end, in unfrozen epochs. Unless they are given they are counted down from the end, epochs / η each, to
 * `minResource`, by default epochs / η². So the last stretch is as long as halving wants it whatever the number of epochs.
 */
export function rungsOf(plan: StudyPlan): number[] {
  const { pruner, epochs } = plan
  if (pruner.kind !== 'successiveHalving' && pruner.kind !== 'hyperband') return [epochs]
  const skipped = pruner.kind === 'successiveHalving' ? (pruner.minEarlyStoppingRate ?? 0) : 0
  if (plan.rungs !== null) return [...plan.rungs, epochs].slice(Math.min(skipped, plan.rungs.length))
  const factor = reductionFactorOf(plan)
  // Two rungs below the end: what a trial shows before a ninth of its epochs says little of what it comes to.
  const { minResource = Math.ceil(epochs / factor ** 2) } = pruner
  const rungs = [epochs]
  for (let rung = Math.ceil(epochs / factor); rung >= minResource && rung < (rungs[0] as number); ) {
    rungs.unshift(rung)
    rung = Math.ceil(rung / factor)
  }
  return rungs.slice(Math.min(skipped, rungs.length - 1))
}

/** η */
export function reductionFactorOf({ pruner }: StudyPlan): number {
  if (pruner.kind === 'hyperband') return pruner.reductionFactor ?? 3
  return pruner.kind === 'successiveHalving' ? (pruner.reductionFactor ?? 4) : 1
}

/** Under Hyperband the number of lowest rungs that a trial does not stop at; its peers are those of the same bracket. */
export function bracketOfTrial(plan: StudyPlan, number: number): number {
  return bracketsOf(plan)(number)
}

/** The brackets of many trials. */
export function bracketsOf(plan: StudyPlan): (number: number) => number {
  if (plan.pruner.kind !== 'hyperband') return () => 0
  const budgets = bracketBudgets(rungsOf(plan).length, reductionFactorOf(plan))
  return (number) => bracketOf(plan.name, number, budgets)
}

/** The stages of a trial, in order: the rungs on the first fold, then the other folds, whole. */
export function stagesOf(plan: StudyPlan, bracket: number): Stage[] {
  const halves = pausesAtRungs(plan)
  const first = rungsOf(plan).slice(bracket)
  const others = Array.from({ length: plan.folds - 1 }, (_, i) => i + 1)
  const last = first.length - (others.length === 0 ? 1 : 0)
  return [
    ...first.map((epochs, k) => ({ fold: 0, epochs, gate: halves && k < last })),
    ...others.map((fold) => ({ fold, epochs: plan.epochs, gate: false })),
  ]
}
