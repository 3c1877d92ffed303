/** Reading the golden files that test/goldens/make_goldens.py writes, and holding tensors against them. */
import { readFileSync } from 'node:fs'
import { type Reference, reference } from './internals.ts'

/** A tensor in whole. `float32Error` is PyTorch's own float32 run against its float64 one: a yardstick. */
export interface Whole {
  values: number[]
  float32Error: number
}

/** A tensor by its greatest magnitude, sixteen elements and two projections, in PyTorch's layout. */
export interface Summary {
  size: number
  max: number
  values: number[]
  projections: number[]
  float32Error: number
}

const { projection, sampleIndices } = reference

export interface Golden extends Omit<Reference.ReferenceNetwork, 'dropout'> {
  size: number
  batch: number
  /** Which batch of formula images. */
  step: number
  labelSmoothing: number
}

export interface NetworkGolden extends Golden {
  loss: Whole
  logits: Whole
  evaluationLogits: Whole
  gradients: Record<string, Summary>
  running: Record<string, Summary>
}

export interface TrainingGolden extends Golden {
  lr: number
  weightDecay: number
  /** Updates made; a loss before each and one after the last, each on a batch of its own from `step` on. */
  steps: number
  losses: Whole
  parameters: Record<string, Summary>
}

export interface AdamWGolden extends TrainingGolden {
  betas: [number, number]
  eps: number
}

export interface SgdGolden extends TrainingGolden {
  momentum: number
}

/** Feature maps of a batch of one in evaluation mode, [h, w, channels], and the gradients of the logit of class `label`. */
export interface FeatureGolden extends Golden {
  layers: ('layer2' | 'layer3' | 'layer4')[]
  label: number
  logits: Whole
  activations: Record<string, Summary>
  gradients: Record<string, Summary>
}

/** A tensor by its greatest magnitude, its norm, eight elements and two projections, in PyTorch's layout. */
export interface Digest extends Summary {
  norm: number
  /** As `float32Error`, of ‖Δ‖ over ‖tensor‖. */
  float32NormError: number
}

/** Twenty steps over a few batches in turn. */
export interface TrajectoryGolden extends Omit<TrainingGolden, 'parameters'> {
  optimizer: 'adamw' | 'sgd'
  batches: number
  /** Parameters and running statistics after the last step. */
  final: Record<string, Digest>
}

export const networkGoldens = ['resnet18-linear', 'resnet18-concat', 'resnet34-linear', 'resnet50-linear'] as const

export const readGolden = <G extends Golden = NetworkGolden>(name: string): G =>
  JSON.parse(readFileSync(new URL(`../goldens/${name}.json`, import.meta.url), 'utf8'))

/**
 * Relative errors of the tensors against their summaries, worst first. An element's error is relative to the tensor's greatest
 * magnitude; a projection sums the errors of all elements, which grow as the root of their number where they are rounding.
 * Throws where a tensor is missing, superfluous or of another size.
 */
export function summaryErrors(
  tensors: ReadonlyMap<string, ArrayLike<number>>,
  golden: Record<string, Summary>,
): { name: string; error: number }[] {
  const unknown = [...tensors.keys()].filter((name) => !(name in golden))
  if (unknown.length > 0) throw new Error(`the golden file knows no ${unknown.join(', ')}`)
  const errors = Object.entries(golden).map(([name, summary]) => {
    const tensor = tensors.get(name)
    if (!tensor) throw new Error(`${name} is in the golden file, but was not computed`)
    return { name, error: summaryError(name, tensor, summary) }
  })
  return errors.sort((a, b) => b.error - a.error)
}

function summaryError(name: string, tensor: ArrayLike<number>, golden: Summary): number {
  if (tensor.length !== golden.size)
    throw new Error(`${name}: ${tensor.length} elements, the golden has ${golden.size}`)
  const values = Array.from(sampleIndices(name, golden.size, golden.values.length), (i) => tensor[i] ?? Number.NaN)
  const projections = golden.projections.map((_, k) =>
    projection(name, k, golden.size).reduce((sum, p, i) => sum + p * (tensor[i] ?? Number.NaN), 0),
  )
  let max = 0
  for (let i = 0; i < tensor.length; i++) max = Math.max(max, Math.abs(tensor[i] ?? Number.NaN))
  const element = greatestDifference([...values, max], [...golden.values, golden.max])
  const projected = greatestDifference(projections, golden.projections) / Math.sqrt(golden.size)
  return Math.max(element, projected) / golden.max
}

/**
 * Like `summaryErrors`, but for errors relative to each tensor's norm. A projection on noise of variance 1/3 makes ‖Δ‖/√3 of an
 * error Δ in expectation, and a change of the norm is at most ‖Δ‖: the greater of the two is told.
 */
export function normErrors(
  tensors: ReadonlyMap<string, ArrayLike<number>>,
  golden: Record<string, Digest>,
): { name: string; error: number }[] {
  const errors = Object.entries(golden).map(([name, digest]) => {
    const tensor = Float64Array.from(tensors.get(name) ?? [])
    const projected = digest.projections.map((wanted, k) => dot(projection(name, k, digest.size), tensor) - wanted)
    const estimate = Math.sqrt((3 * projected.reduce((sum, d) => sum + d * d, 0)) / projected.length)
    const stretched = Math.abs(Math.sqrt(dot(tensor, tensor)) - digest.norm)
    return { name, error: Math.max(estimate, stretched) / digest.norm }
  })
  return errors.sort((a, b) => b.error - a.error)
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * (b[i] ?? Number.NaN), 0)

const greatestDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...b.map((v, i) => Math.abs((a[i] ?? Number.NaN) - v)))
