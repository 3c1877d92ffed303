import { TuningError } from '../errors.ts'
import { normalMass } from '../normal.ts'
import { bestByFronts } from '../pareto.ts'
import { countOf, encode, isSingle, type NumericParameter, type Parameter, type Value } from '../space.ts'
import { lossesOf, type Study, type Trial } from '../study.ts'

/** How much a parameter matters, and on how many trials that rests. */
export interface Importance {
  name: string
  /** Its share: all together are 1, unless none matters, or none could be told. */
  importance: number
  /** Trials that have it. */
  trials: number
}

/**
 * PED-ANOVA (Watanabe, Bansal, Hutter, IJCAI 2023), with conditional parameters as in Optuna 5 (arXiv 2601.20800): how differently a
 * parameter is distributed among the best tenth and among all complete trials, as the Pearson divergence of two densities on a grid.
 * Cheap, and needs no model of the loss; it says what made trials good, not what a change of a good trial would do.
 */
export function pedAnova(study: Study, quantile = 0.1): Importance[] {
  if (!(quantile > 0 && quantile < 1)) throw new TuningError(`The quantile is ${quantile}: it must be between 0 and 1`)
  const trials = comparableTrials(study)
  const best = new Set(bestTrials(study, trials, Math.ceil(quantile * trials.length)))
  const divergences = Object.entries(study.space).map(([name, parameter]) => {
    const having = trials.filter(({ parameters }) => Object.hasOwn(parameters, name))
    const goodHaving = having.filter((trial) => best.has(trial))
    if (isSingle(parameter) || having.length < 2 || goodHaving.length === 0) return { name, value: 0, having }
    const divergence = pearsonDivergence(parameter, valuesOf(name, goodHaving), valuesOf(name, having))
    const share = (goodHaving.length / best.size) ** 2 / (having.length / trials.length)
    return { name, value: share * divergence, having }
  })
  const sum = divergences.reduce((total, { value }) => total + value, 0)
  return divergences
    .map(({ name, value, having }) => ({ name, importance: sum > 0 ? value / sum : 0, trials: having.length }))
    .sort((a, b) => b.importance - a.importance)
}

/** Complete trials with finite values; throws where there are fewer than two. */
export function comparableTrials(study: Study): Trial[] {
  const trials = study.trials.filter(({ state, values }) => state === 'complete' && values?.every(Number.isFinite))
  if (trials.length < 2) {
    throw new TuningError(`${trials.length} complete trials have finite values: importances need at least two`)
  }
  return trials
}

const valuesOf = (name: string, trials: readonly Trial[]) => trials.map(({ parameters }) => parameters[name] as Value)

/** Those at least as good as the `count`-th; of several objectives, whole fronts and the volume's share of the next. */
function bestTrials(study: Study, trials: readonly Trial[], count: number): Trial[] {
  const losses = trials.map((trial) => lossesOf(study, trial))
  if (study.directions.length === 1) {
    const cutoff = losses.map(([loss]) => loss as number).toSorted((a, b) => a - b)[count - 1] as number
    return trials.filter((_, i) => (losses[i]?.[0] as number) <= cutoff)
  }
  return bestByFronts(losses, count).map((i) => trials[i] as Trial)
}

/** Σ p_all · (p_best/p_all − 1)². */
function pearsonDivergence(parameter: Parameter, best: readonly Value[], all: readonly Value[]): number {
  const bestDensity = gridDensity(parameter, best)
  return gridDensity(parameter, all).reduce((sum, density, i) => {
    const ratio = ((bestDensity[i] as number) + 1e-12) / (density + 1e-12)
    return sum + (density + 1e-12) * (ratio - 1) ** 2
  }, 0)
}

const MOST_CELLS = 50

/** The density of `values` on the cells of a grid, or of the choices: it sums to 1. */
function gridDensity(parameter: Parameter, values: readonly Value[]): Float64Array {
  if (parameter.kind === 'categorical') return choiceDensity(parameter, values)
  return numericDensity(cellCounts(parameter, values))
}

function choiceDensity(parameter: Parameter & { kind: 'categorical' }, values: readonly Value[]): Float64Array {
  const { choices } = parameter
  const counts = new Float64Array(choices.length)
  for (const value of values) {
    const choice = choices.indexOf(value)
    counts[choice] = (counts[choice] as number) + 1
  }
  // As in TPE, but one kernel for all trials of a choice: so many kernels, and one for the prior.
  const kernels = counts.filter((count) => count > 0).length + 1
  const miss = 1 / kernels / (1 + choices.length / kernels)
  const hit = miss + 1 / (1 + choices.length / kernels)
  const total = values.length + 1
  return counts.map((count) => (count * hit + (values.length - count) * miss + 1 / choices.length) / total)
}

/** How many values lie nearest to each cell of the (log) range. Halfway goes to the lower one. */
function cellCounts(parameter: NumericParameter, values: readonly Value[]): Float64Array {
  const { low, high } = parameter
  const [from, to] = [encode(parameter, low), encode(parameter, high)]
  const cells = cellsOf(parameter)
  const width = (to - from) / (cells - 1)
  const counts = new Float64Array(cells)
  for (const value of values) {
    const cell = Math.ceil((encode(parameter, value) - from) / width - 0.5)
    const clipped = Math.min(Math.max(cell, 0), cells - 1)
    counts[clipped] = (counts[clipped] as number) + 1
  }
  return counts
}

function cellsOf(parameter: NumericParameter): number {
  const { kind, low, high, log = false } = parameter
  if (kind === 'int' && log) return Math.min(Math.ceil(Math.log(high - low + 1) / Math.log(2)) + 1, MOST_CELLS)
  return Math.min(countOf(parameter), MOST_CELLS)
}

/** A kernel at each occupied cell, weighted by its count, with one σ by Scott's rule from the smaller of deviation and quartiles. */
function numericDensity(counts: Float64Array): Float64Array {
  const cells = counts.length
  const occupied = [...counts.keys()].filter((cell) => (counts[cell] as number) > 0)
  const total = counts.reduce((sum, count) => sum + count, 0)
  const mean = occupied.reduce((sum, cell) => sum + cell * (counts[cell] as number), 0) / total
  const squares = occupied.reduce((sum, cell) => sum + (counts[cell] as number) * (cell - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / Math.max(1, total - 1))
  const cumulative: number[] = []
  for (const cell of occupied) cumulative.push((cumulative.at(-1) ?? 0) + (counts[cell] as number))
  const firstQuartile = occupied[cumulative.findIndex((sum) => sum >= Math.floor(total / 4))] as number
  const third = cumulative.findIndex((sum) => sum > Math.floor((total * 3) / 4))
  const thirdQuartile = occupied[third < 0 ? occupied.length - 1 : third] as number
  const scott = 1.059 * Math.min((thirdQuartile - firstQuartile) / 1.34, deviation) * total ** -0.2
  // 90 % of a kernel within its cell at the narrowest.
  const sigma = Math.max(scott, 0.5 / 1.64)
  const mass = (mu: number, s: number, from: number, to: number) => normalMass((from - mu) / s, (to - mu) / s)
  const density = new Float64Array(cells)
  const add = (mu: number, s: number, weight: number): void => {
    const inside = mass(mu, s, -0.5, cells - 0.5)
    for (let cell = 0; cell < cells; cell++) {
      const share = mass(mu, s, cell - 0.5, cell + 0.5) / inside
      density[cell] = (density[cell] as number) + (weight / (total + 1)) * share
    }
  }
  for (const cell of occupied) add(cell, sigma, counts[cell] as number)
  add((cells - 1) / 2, cells, 1)
  return density
}
