import type { Study, Trial } from '../study.ts'
import { type HalvingOptions, prunedByHalving, stepsOfComplete } from './successive-halving.ts'

/**
 * Hyperband (Li et al., JMLR 18, 2018): successive halving in several brackets, each of which begins to prune a rung later
 * than the one before, since nobody knows beforehand how early a loss tells. A trial's bracket follows from its name.
 */
export interface HyperbandPruner extends HalvingOptions {
  kind: 'hyperband'
  /** Steps to the first rung of the first bracket; default 1. */
  minResource?: number
  /** The most steps of a trial; learned from the first complete one unless given. */
  maxResource?: number
}

export function prunedByHyperband(pruner: HyperbandPruner, study: Study, trial: Trial): boolean {
  const { minResource = 1, reductionFactor = 3, bootstrapCount = 0 } = pruner
  const maxResource = pruner.maxResource ?? learnMaxResource(study)
  if (maxResource === null) return false
  const brackets = Math.floor(Math.log(maxResource / minResource) / Math.log(reductionFactor)) + 1
  const budgets = bracketBudgets(brackets, reductionFactor)
  const bracket = bracketOf(study.name, trial.number, budgets)
  const peers = study.trials.filter(({ number }) => bracketOf(study.name, number, budgets) === bracket)
  const halving = { kind: 'successiveHalving', minResource, reductionFactor, bootstrapCount } as const
  return prunedByHalving({ ...halving, minEarlyStoppingRate: bracket }, study, peers, trial)
}

function learnMaxResource(study: Study): number | null {
  if (study.learned.maxResource !== undefined) return study.learned.maxResource
  const steps = stepsOfComplete(study.trials)
  return steps === null ? null : (study.learned.maxResource = steps + 1)
}

/** How many of all trials go to each bracket, in proportion: ⌈B·η^(B−1−b) / (B−b)⌉. */
export function bracketBudgets(brackets: number, factor: number): number[] {
  return Array.from({ length: brackets }, (_, b) =>
    Math.ceil((brackets * factor ** (brackets - 1 - b)) / (brackets - b)),
  )
}

/** The bracket of a trial: the CRC-32 of its name falls on one in proportion to the budgets, as in Optuna. */
export function bracketOf(study: string, trial: number, budgets: readonly number[]): number {
  let rest = crc32(`${study}_${trial}`) % budgets.reduce((sum, budget) => sum + budget, 0)
  return budgets.findIndex((budget) => (rest -= budget) < 0)
}

const utf8 = new TextEncoder()

/** CRC-32 (IEEE 802.3, reflected) of a text's UTF-8 bytes. */
function crc32(text: string): number {
  let crc = 0xffffffff
  for (const byte of utf8.encode(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
