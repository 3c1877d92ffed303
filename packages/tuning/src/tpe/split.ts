import { bestByFronts, hypervolumeContributions, isFinitePoint, referencePoint } from '../pareto.ts'
import { lastReport, lossesOf, lossSign, type Study, type Trial, violationOf } from '../study.ts'

/** Trials that TPE models as good (below) and as the others (above), each by rising number. */
export interface Split {
  below: Trial[]
  above: Trial[]
  /** Of the trials below, where several objectives give them one; null: by age. */
  belowWeights: number[] | null
  /** How many were told: running ones do not count. */
  told: number
}

/**
 * Running trials go above where `liar`: what is being tried need not be tried again. Failed ones tell nothing. `countOf` says how many
 * of those that were told are good.
 */
export function splitTrials(study: Study, liar: boolean, countOf: (told: number) => number = goodCount): Split {
  return study.directions.length === 1 ? splitByLoss(study, liar, countOf) : splitByDomination(study, countOf)
}

/** How many trials are good: a tenth, at most 25. */
export function goodCount(told: number): number {
  return Math.min(Math.ceil(0.1 * told), 25)
}

const EPSILON = 1e-12

interface Ranked {
  trial: Trial
  violation: number
  /** −∞ for complete trials, −last step for pruned ones: how far it came decides before how well it did. */
  step: number
  loss: number
}

function splitByLoss(study: Study, liar: boolean, countOf: (told: number) => number): Split {
  const constrained = study.trials.some(({ constraints }) => constraints !== null)
  const sign = lossSign(study.directions[0])
  const ranked: Ranked[] = []
  let told = 0
  for (const trial of study.trials) {
    const rank = rankOf(trial, sign, liar)
    if (rank === null) continue
    if (trial.state !== 'running') told++
    if (constrained) rank.violation = violationOf(trial, Infinity)
    ranked.push(rank)
  }
  const good = new Set(lowest(ranked, countOf(told)).map(({ trial }) => trial))
  const below: Trial[] = []
  const above: Trial[] = []
  for (const { trial } of ranked) (good.has(trial) ? below : above).push(trial)
  return { below, above, belowWeights: null, told }
}

function rankOf(trial: Trial, sign: 1 | -1, liar: boolean): Ranked | null {
  const ranked = (step: number, loss: number): Ranked => ({ trial, violation: 0, step, loss })
  switch (trial.state) {
    case 'complete':
      return ranked(-Infinity, sign * ((trial.values as number[])[0] as number))
    case 'pruned': {
      const last = lastReport(trial)
      if (last === null) return ranked(1, 0)
      return ranked(-last.step, Number.isNaN(last.value) ? Infinity : sign * last.value)
    }
    case 'running':
      return liar ? ranked(Infinity, Infinity) : null
    default:
      return null
  }
}

/** The `count` lowest, feasible before infeasible, the older of equals. Infeasible ones differ by their violation alone. */
function lowest(ranked: readonly Ranked[], count: number): Ranked[] {
  const isLess = (a: Ranked, b: Ranked): boolean => {
    if (a.violation !== b.violation) return a.violation < b.violation
    if (a.violation > 0) return false
    return a.step === b.step ? a.loss < b.loss : a.step < b.step
  }
  const best: Ranked[] = []
  for (const candidate of ranked) {
    let place = best.length
    while (place > 0 && isLess(candidate, best[place - 1] as Ranked)) place--
    if (place >= count) continue
    best.splice(place, 0, candidate)
    if (best.length > count) best.pop()
  }
  return best
}

/** By fronts; of the front that does not fit, those that dominate most volume together. Pruned trials are not compared. */
function splitByDomination(study: Study, countOf: (told: number) => number): Split {
  const trials = study.trials.filter(({ state }) => state === 'complete')
  const constrained = trials.some(({ constraints }) => constraints !== null)
  const violations = trials.map((trial) => (constrained ? violationOf(trial, Infinity) : 0))
  const count = countOf(trials.length)
  const feasible = trials.filter((_, i) => violations[i] === 0)
  const good = new Set(
    feasible.length > count || !constrained
      ? bestByFronts(
          feasible.map((trial) => lossesOf(study, trial)),
          count,
        ).map((i) => feasible[i] as Trial)
      : trials
          .map((trial, i) => ({ trial, violation: violations[i] as number }))
          .sort((a, b) => (a.violation === b.violation ? 0 : a.violation - b.violation))
          .slice(0, count)
          .map(({ trial }) => trial),
  )
  const below = trials.filter((trial) => good.has(trial))
  const above = trials.filter((trial) => !good.has(trial))
  return { below, above, belowWeights: volumeWeights(study, below, constrained), told: trials.length }
}

/** A trial weighs what it alone adds to the volume, relative to the one that adds most; infeasible and infinite ones next to nothing. */
function volumeWeights(study: Study, below: readonly Trial[], constrained: boolean): number[] {
  const counts = (trial: Trial) =>
    (!constrained || violationOf(trial, Infinity) === 0) && isFinitePoint(lossesOf(study, trial))
  const points = below.filter(counts).map((trial) => lossesOf(study, trial))
  const shares = points.length === 1 ? [1] : relativeContributions(points)
  let next = 0
  return below.map((trial) => (counts(trial) ? (shares[next++] as number) : EPSILON))
}

function relativeContributions(points: readonly number[][]): number[] {
  if (points.length === 0) return []
  const contributions = hypervolumeContributions(points, referencePoint(points)).map((volume) => volume + EPSILON)
  const most = contributions.reduce((max, volume) => Math.max(max, volume), -Infinity)
  return contributions.map((volume) => Math.min(Math.max(volume / most, 0), 1))
}
