import { TuningError } from '../errors.ts'
import { isSingle, type Parameter, type Space, type Value } from '../space.ts'
import { lossesOf, type Study } from '../study.ts'
import { growForest, type Tree } from './forest.ts'
import { comparableTrials, type Importance } from './ped-anova.ts'

/**
 * Functional ANOVA (Hutter, Hoos, Leyton-Brown, ICML 2014): a random forest learns the loss, and a parameter's importance is the share
 * of the forest's variance over the space that its marginal explains. As in Optuna's evaluator: choices one-hot, no logarithms,
 * 64 trees. Parameters that not every complete trial has are left out.
 */
export interface FanovaOptions {
  /** Default 64. */
  trees?: number
  /** Of several objectives, which; default 0. */
  objective?: number
}

export function fanova(study: Study, { trees = 64, objective = 0 }: FanovaOptions = {}): Importance[] {
  if (study.directions[objective] === undefined) {
    throw new TuningError(
      `There is no objective ${objective}: the study has ${study.directions.length}, counted from 0`,
    )
  }
  const trials = comparableTrials(study)
  const names = Object.keys(study.space).filter((name) =>
    trials.every(({ parameters }) => Object.hasOwn(parameters, name)),
  )
  const varied = names.filter((name) => !isSingle(study.space[name] as Parameter))
  const { bounds, columns } = featuresOf(study.space, varied)
  const rows = trials.map(({ parameters }) =>
    varied.flatMap((name) => encodeFeature(study.space[name] as Parameter, parameters[name] as Value)),
  )
  const losses = trials.map((trial) => lossesOf(study, trial)[objective] as number)
  const forest = growForest(rows, losses, trees, study.seed)
  const shares = columns.map((features) => marginalShare(forest, bounds, features))
  const sum = shares.reduce((total, share) => total + share, 0)
  return names
    .map((name) => {
      const share = shares[varied.indexOf(name)] ?? 0
      return { name, importance: sum > 0 ? share / sum : 0, trials: trials.length }
    })
    .sort((a, b) => b.importance - a.importance)
}

/** Lowest and highest value of each feature. */
export type Bounds = readonly (readonly [low: number, high: number])[]

/** A numeric parameter is one feature, a categorical one as many as it has choices. */
function featuresOf(space: Space, names: readonly string[]): { bounds: Bounds; columns: number[][] } {
  const bounds: [number, number][] = []
  const columns = names.map((name) => {
    const parameter = space[name] as Parameter
    const ranges: [number, number][] =
      parameter.kind === 'categorical' ? parameter.choices.map(() => [0, 1]) : [[parameter.low, parameter.high]]
    const first = bounds.length
    bounds.push(...ranges)
    return ranges.map((_, k) => first + k)
  })
  return { bounds, columns }
}

function encodeFeature(parameter: Parameter, value: Value): number[] {
  if (parameter.kind !== 'categorical') return [value as number]
  return parameter.choices.map((choice) => (choice === value ? 1 : 0))
}

/** The mean share of a tree's variance that the marginal of `features` has; trees without variance are left out. */
export function marginalShare(forest: readonly Tree[], bounds: Bounds, features: readonly number[]): number {
  const shares = forest.flatMap((tree) => {
    const leaves = leavesOf(tree, bounds)
    const variance = weightedVariance(leaves)
    return variance > 0 ? [marginalVariance(leaves, bounds, features) / variance] : []
  })
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/** A box of the space, and what the tree says everywhere in it. */
interface Leaf {
  box: readonly (readonly [low: number, high: number])[]
  value: number
  weight: number
}

function leavesOf(tree: Tree, bounds: Bounds): Leaf[] {
  const leaves: Leaf[] = []
  const visit = (node: number, box: Bounds): void => {
    const feature = tree.feature[node] as number
    if (feature < 0) {
      leaves.push({ box, value: tree.value[node] as number, weight: volume(box) })
      return
    }
    const threshold = tree.threshold[node] as number
    visit(tree.left[node] as number, box.with(feature, [(box[feature] as [number, number])[0], threshold]))
    visit(tree.right[node] as number, box.with(feature, [threshold, (box[feature] as [number, number])[1]]))
  }
  visit(0, bounds)
  return leaves
}

const volume = (box: Bounds) => box.reduce((product, [low, high]) => product * (high - low), 1)

/**
 * Variance of the tree's mean over all other features, over the cells into which its splits cut `features`. A leaf counts in each
 * cell that it covers, with its size in the other features.
 */
function marginalVariance(leaves: readonly Leaf[], bounds: Bounds, features: readonly number[]): number {
  const cuts = features.map((feature) => {
    const [low, high] = bounds[feature] as readonly [number, number]
    const ends = leaves.flatMap(({ box }) => [...(box[feature] as readonly [number, number])])
    return [...new Set([low, ...ends, high])].sort((a, b) => a - b)
  })
  const inner = leaves.map(
    ({ box, weight }) => weight / volume(features.map((feature) => box[feature] as [number, number])),
  )
  const cells: { value: number; weight: number }[] = []
  const visit = (d: number, size: number, members: readonly number[]): void => {
    if (members.length === 0) return
    if (d === features.length) {
      const weight = members.reduce((sum, i) => sum + (inner[i] as number), 0)
      const value = members.reduce((sum, i) => sum + (inner[i] as number) * (leaves[i] as Leaf).value, 0) / weight
      cells.push({ value, weight: weight * size })
      return
    }
    const ends = cuts[d] as number[]
    for (let k = 0; k + 1 < ends.length; k++) {
      const [from, to] = [ends[k] as number, ends[k + 1] as number]
      const middle = 0.5 * (from + to)
      const within = members.filter((i) => {
        const [low, high] = (leaves[i] as Leaf).box[features[d] as number] as readonly [number, number]
        return low < middle && middle <= high
      })
      visit(d + 1, size * (to - from), within)
    }
  }
  visit(0, 1, [...leaves.keys()])
  return weightedVariance(cells)
}

function weightedVariance(points: readonly { value: number; weight: number }[]): number {
  const total = points.reduce((sum, { weight }) => sum + weight, 0)
  const mean = points.reduce((sum, { value, weight }) => sum + weight * value, 0) / total
  return points.reduce((sum, { value, weight }) => sum + weight * (value - mean) ** 2, 0) / total
}
