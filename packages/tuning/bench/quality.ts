/**
 * Median regret of samplers over 50 seeds, beside Optuna's of the same functions, as a table in Markdown.
 *
 *     node --conditions=@sporeprint/source packages/tuning/bench/quality.ts OPTUNA.json OPTUNA-MULTIVARIATE.json [FUNCTION …, all by default]
 */
import { readFileSync } from 'node:fs'
import { ask, createStudy, type Parameters, type Sampler, type Space, tell, type Value } from '@sporeprint/tuning'

const SEEDS = 50
/** Other seeds than those on which the default was chosen. */
const FIRST_SEED = 1000

interface Problem {
  space: Space
  /** Loss above the least there is. */
  regret(parameters: Record<string, number>): number
}

const floats = (names: readonly string[], low: number, high: number): Space =>
  Object.fromEntries(names.map((name) => [name, { kind: 'float', low, high }]))
const indexed = (d: number) => Array.from({ length: d }, (_, i) => `x${i}`)

const HARTMANN_A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
]
const HARTMANN_P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
]
const HARTMANN_C = [1, 1.2, 3, 3.2]

const OPTIMIZERS = ['sgd', 'adam', 'adamw'] as const
const BESTS = { sgd: [0.3, -1.5, 3], adam: [0.1, -3.5, 6], adamw: [0, -3, 5] } as const

/** The functions of optuna_regrets.py. */
const PROBLEMS: Record<string, Problem> = {
  Branin: {
    space: { x: { kind: 'float', low: -5, high: 10 }, y: { kind: 'float', low: 0, high: 15 } },
    regret: ({ x = 0, y = 0 }) =>
      (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 +
      10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) +
      10 -
      0.397887357729739,
  },
  'Hartmann-6': {
    space: floats(indexed(6), 0, 1),
    regret: (parameters) => {
      const x = indexed(6).map((name) => parameters[name] as number)
      const terms = HARTMANN_C.map((c, i) => {
        const inner = x.reduce(
          (sum, v, d) => sum + (HARTMANN_A[i]?.[d] as number) * (v - (HARTMANN_P[i]?.[d] as number) * 1e-4) ** 2,
          0,
        )
        return c * Math.exp(-inner)
      })
      return 3.322368011391339 - terms.reduce((sum, term) => sum + term, 0)
    },
  },
  'Rosenbrock-4': {
    space: floats(indexed(4), -5, 10),
    regret: (parameters) => {
      const x = indexed(4).map((name) => parameters[name] as number)
      return x.slice(0, -1).reduce((sum, v, d) => sum + 100 * ((x[d + 1] as number) - v * v) ** 2 + (1 - v) ** 2, 0)
    },
  },
  mixed: {
    space: {
      optimizer: { kind: 'categorical', choices: OPTIMIZERS },
      rate: { kind: 'float', low: 1e-5, high: 1e-1, log: true },
      depth: { kind: 'int', low: 1, high: 8 },
      width: { kind: 'int', low: 32, high: 512, step: 32 },
      dropout: { kind: 'float', low: 0, high: 0.6 },
    },
    regret: ({ optimizer, rate = 0, depth = 0, width = 0, dropout = 0 }) => {
      const [offset, bestRate, bestDepth] = BESTS[optimizer as unknown as (typeof OPTIMIZERS)[number]]
      return (
        offset +
        0.5 * (Math.log10(rate) - bestRate) ** 2 +
        0.1 * (depth - bestDepth) ** 2 +
        0.5 * ((width - 256) / 256) ** 2 +
        2 * (dropout - 0.2) ** 2
      )
    },
  },
}

/**
 * Real fine-tuning (test/bench/record-tuning.ts): the loss of runs that were recorded, and between them what Franke and Little's weights
 * make of the nearest ones: ((R − d) / d)², with R the distance of the first that is left out. It is continuous, meets every run, and so is
 * nowhere less than the best of them.
 */
function recordedRuns(): Problem {
  const file = new URL('./fine-tuning.json', import.meta.url)
  const { space, runs } = JSON.parse(readFileSync(file, 'utf8')) as { space: Space; runs: Value[][] }
  const names = Object.keys(space)
  const points = runs.map((run) => placeOf(space, Object.fromEntries(names.map((name, i) => [name, run[i] as Value]))))
  const losses = runs.map((run) => run.at(-1) as number)
  const least = Math.min(...losses)
  return {
    space,
    regret: (parameters) => {
      const place = placeOf(space, parameters)
      const near = points
        .map((point, i) => ({ loss: losses[i] as number, distance: distanceOf(place, point) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, NEIGHBOURS + 1)
      if (near[0]?.distance === 0) return near[0].loss - least
      const radius = near[NEIGHBOURS]?.distance as number
      let [sum, weights] = [0, 0]
      for (const { loss, distance } of near.slice(0, NEIGHBOURS)) {
        const weight = ((radius - distance) / distance) ** 2
        sum += weight * loss
        weights += weight
      }
      return sum / weights - least
    },
  }
}

const NEIGHBOURS = 8
/** Two choices are as far apart as half a range. */
const CHOICE_DISTANCE = 0.5

/** Numbers as shares of their (log) ranges. */
function placeOf(space: Space, parameters: Record<string, Value>): Value[] {
  return Object.entries(space).map(([name, parameter]) => {
    const value = parameters[name] as Value
    if (parameter.kind === 'categorical') return value
    const scale = parameter.log ? Math.log : (x: number) => x
    return (scale(value as number) - scale(parameter.low)) / (scale(parameter.high) - scale(parameter.low))
  })
}

function distanceOf(a: readonly Value[], b: readonly Value[]): number {
  let sum = 0
  a.forEach((value, i) => {
    const other = b[i] as Value
    if (typeof value === 'number') sum += (value - (other as number)) ** 2
    else if (value !== other) sum += CHOICE_DISTANCE ** 2
  })
  return Math.sqrt(sum)
}

const SAMPLERS: Record<string, Sampler> = {
  random: { kind: 'random' },
  Sobol: { kind: 'sobol' },
  'TPE, univariate': { kind: 'tpe', model: 'univariate' },
  'TPE, multivariate': { kind: 'tpe', model: 'multivariate' },
  '**TPE, mixed** (default)': { kind: 'tpe' },
}

/** The least regret after 50 trials and after 100. */
function regrets({ space, regret }: Problem, sampler: Sampler, seed: number): [number, number] {
  const study = createStudy({ space, sampler, seed })
  const losses = Array.from({ length: 100 }, () => {
    const trial = ask(study)
    if (trial === null) throw new Error('the space is used up')
    const loss = regret(trial.parameters as Parameters as Record<string, number>)
    tell(study, trial.number, { values: loss })
    return loss
  })
  return [Math.min(...losses.slice(0, 50)), Math.min(...losses)]
}

/** The median, and the order statistics around it that hold it with 95 % (18th and 33rd of 50: binomial). */
function summary(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (rank: number) => sorted[Math.round(rank * sorted.length) - 1] as number
  const median = (at(0.5) + (sorted[Math.round(0.5 * sorted.length)] as number)) / 2
  return `${median.toPrecision(3)} (${at(0.36).toPrecision(2)} – ${at(0.66).toPrecision(2)})`
}

const [univariate, multivariate, ...chosen] = process.argv.slice(2)
const optuna: [string, Record<string, [number, number][]>][] = []
for (const [title, file] of [
  ['Optuna 3.1, univariate (its default)', univariate],
  ['Optuna 3.1, multivariate', multivariate],
] as const) {
  if (file !== undefined) optuna.push([title, JSON.parse(readFileSync(file, 'utf8'))])
}
console.log('| function | sampler | regret after 50 trials | after 100 |\n|---|---|---|---|')
for (const [name, problem] of Object.entries({ ...PROBLEMS, 'fine-tuning, recorded': recordedRuns() })) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const ours = Object.entries(SAMPLERS).map(([title, sampler]): [string, [number, number][]] => [
    title,
    Array.from({ length: SEEDS }, (_, i) => regrets(problem, sampler, FIRST_SEED + i)),
  ])
  const theirs = optuna.map(([title, all]): [string, [number, number][]] => [title, all[name] ?? []])
  for (const [title, runs] of [...ours, ...theirs]) {
    const column = (k: 0 | 1) => summary(runs.map((run) => run[k]))
    console.log(`| ${name} | ${title} | ${column(0)} | ${column(1)} |`)
  }
}
