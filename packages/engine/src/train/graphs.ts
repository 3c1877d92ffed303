/** The graphs of a training run: one step, one batch of evaluation, and both again for the head alone. */
import { backward, Graph } from '../graph/graph.ts'
import { crossEntropy, recordLoss } from '../graph/ops/cross-entropy.ts'
import { lossScaleTensor, settleLossScale } from '../graph/ops/loss-scale.ts'
import { accumulate, average, clipGradients, optimize } from '../graph/ops/optimize.ts'
import { type FlatRange, flat, type Tensor } from '../graph/tensor.ts'
import { augmentWords } from '../kernels/augment.ts'
import { partnerWords } from '../kernels/loss.ts'
import { type Frozen, isFrozen } from '../nn/freezing.ts'
import type { ParameterStretch } from '../nn/parameters.ts'
import type { ResNet } from '../nn/resnet.ts'
import type { OptimizerName, Precision } from './spec.ts'
import { stepScalars } from './step-scalars.ts'

/** Slots of the loss ring: how many steps may pass between two reads. */
export const lossSlots = 256

export interface BatchShape {
  batch: number
  size: number
}

/** The part of a graph that turns features into logits. */
export interface HeadGraph {
  graph: Graph
  /** [batch, 1, 1, classes padded]. */
  logits: Tensor
}

/** [batch, size, size], packed RGBA. */
interface PixelInput {
  pixels: Tensor
}

/** What the head makes of features. */
interface HeadEvaluationGraph extends HeadGraph, FeatureInput {}

/** What a network makes of pixels, and its features on the way. */
export interface EvaluationGraph extends HeadEvaluationGraph, PixelInput {}

/** What a graph of training has beside its input. */
export interface TrainingGraphParts extends HeadGraph {
  /** [batch] u32. */
  labels: Tensor
  /** [classes], where classes have weights. */
  classWeights: Tensor | null
  step: Tensor
  /** [lossSlots]: mean loss of step s in slot s % lossSlots. */
  losses: Tensor
  /** [batch, augmentWords] u32: what is drawn for each image, where images are augmented; `pixels` are [batch, source, source] then. */
  draws: Tensor | null
  /** [batch, partnerWords] u32: with whom each label is mixed, where images are. */
  partners: Tensor | null
}

/** Images that a step augments: the side at which they come, and whether they are mixed with one another. */
export interface AugmentedInput {
  source: number
  mixes: boolean
}

export interface TrainingGraph extends TrainingGraphParts, PixelInput {}

/** The head by itself: its input is what `ResNet.features` makes. */
export interface FeatureInput {
  /** [batch, 1, 1, featureCount]. */
  features: Tensor
}

export interface TrainingOptions {
  /** Without one the gradients are left in the store. */
  optimizer: OptimizerName | null
  labelSmoothing: number
  /** What stands still; false where everything learns. */
  frozen: Frozen | false
  /**
   * `mixed` stores the body's activations and their gradients in f16, and scales the loss by the store's `lossScale`, as then are the
   * gradients left in the store. Default f32.
   */
  precision?: Precision
  classWeights?: boolean
  /** Updates take the store's `gradientSums`, to which every step adds, and not each step makes one. */
  accumulate?: boolean
  /** Clip gradients by their norm together. */
  clip?: boolean
  /** Keep the store's averages of parameters and running statistics. */
  average?: boolean
  /** Weight decay for batch norms and biases too. */
  decayNorms?: boolean
  augment?: AugmentedInput | null
}

/** What learns: stages that are not frozen, and the batch norms of those that are where the policy is `train`. */
export const trains = (p: Pick<ParameterStretch, 'stage' | 'bodyNorm'>, frozen: Frozen | false): boolean =>
  !isFrozen(p.stage, frozen) || (frozen !== false && frozen.norms === 'train' && p.bodyNorm)

/**
 * Inference by running statistics, in f32 however the network was trained: what validation tells of a model is what everybody who
 * loads it gets.
 */
export function evaluationGraph(model: ResNet, { batch, size }: BatchShape): EvaluationGraph {
  const { graph, pixels, step } = withPixels(batch, size)
  const features = graph.keep(model.features(graph, pixels, { training: false, activations: 'f32', step }))
  const logits = graph.keep(model.classify(graph, features, { training: false, step }))
  return { graph, pixels, features, logits }
}

/** The features of a batch by running statistics, as a body that is still makes them at this precision. */
export function featureGraph(
  model: ResNet,
  { batch, size }: BatchShape,
  precision: Precision,
): Omit<EvaluationGraph, 'logits'> {
  const { graph, pixels, step } = withPixels(batch, size)
  const activations = precision === 'mixed' ? 'f16' : 'f32'
  const features = graph.keep(model.features(graph, pixels, { training: false, activations, step }))
  return { graph, pixels, features }
}

export function headEvaluationGraph(model: ResNet, batch: number): HeadEvaluationGraph {
  const { graph, features, step } = withFeatures(model, batch)
  return { graph, features, logits: graph.keep(model.classify(graph, features, { training: false, step })) }
}

/** Forward, loss, backward and update. */
export function trainingGraph(model: ResNet, { batch, size }: BatchShape, options: TrainingOptions): TrainingGraph {
  const { frozen, precision, augment = null } = options
  const { graph, pixels, step } = withPixels(batch, augment?.source ?? size)
  const draws = augment && graph.io('draws', [batch, augmentWords], 'u32')
  const partners = augment?.mixes ? graph.io('partners', [batch, partnerWords], 'u32') : null
  const activations = precision === 'mixed' ? 'f16' : 'f32'
  const input = draws && { draws, size, mixes: partners !== null }
  const logits = model.forward(graph, pixels, { training: true, frozen, activations, step, augment: input })
  return { pixels, draws, ...learn(model, graph, logits, step, { batch, partners }, options) }
}

/** The same of the head alone, on the features of a body that is still: the same bits. */
export function headTrainingGraph(
  model: ResNet,
  batch: number,
  options: Omit<TrainingOptions, 'frozen'>,
): TrainingGraphParts & FeatureInput {
  const { graph, features, step } = withFeatures(model, batch)
  const logits = model.classify(graph, features, { training: true, step })
  const frozen: Frozen = { below: 'head', norms: 'frozen' }
  return {
    features,
    draws: null,
    ...learn(model, graph, logits, step, { batch, partners: null }, { ...options, frozen }),
  }
}

function withPixels(batch: number, size: number) {
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  return { graph, pixels, step: graph.io('step', [stepScalars.words], 'u32') }
}

function withFeatures(model: ResNet, batch: number) {
  const graph = new Graph()
  const features = graph.io('features', [batch, 1, 1, model.featureCount])
  return { graph, features, step: graph.io('step', [stepScalars.words], 'u32') }
}

/** Appends loss, backward and update. */
function learn(
  model: ResNet,
  graph: Graph,
  logits: Tensor,
  step: Tensor,
  { batch, partners }: { batch: number; partners: Tensor | null },
  options: TrainingOptions,
): Omit<TrainingGraphParts, 'draws'> {
  const { frozen, precision, labelSmoothing } = options
  graph.keep(logits)
  const labels = graph.io('labels', [batch], 'u32')
  const losses = graph.io('loss ring', [lossSlots])
  const lossScale = precision === 'mixed' ? lossScaleTensor() : null
  const classes = model.classes.length
  const classWeights = options.classWeights ? graph.io('class weights', [classes]) : null
  const loss = crossEntropy(graph, logits, labels, classes, labelSmoothing, classWeights, lossScale, partners)
  recordLoss(graph, loss.losses, labels, classWeights, step, losses)

  const wanted = new Set<Tensor>()
  for (const p of model.parameters.values()) if (trains(p, frozen)) wanted.add(p.tensor)
  backward(graph, logits, loss.dlogits, wanted)
  if (options.optimizer) update(model, graph, step, lossScale, { ...options, optimizer: options.optimizer })
  return { graph, labels, partners, classWeights, step, logits, losses }
}

/** Appends what becomes of the gradients. */
function update(
  model: ResNet,
  graph: Graph,
  step: Tensor,
  lossScale: Tensor | null,
  options: TrainingOptions & { optimizer: OptimizerName },
): void {
  const { optimizer, frozen, decayNorms = false } = options
  const gradients = options.accumulate ? 'gradientSums' : 'gradients'
  const moving = model.stretches.filter((stretch) => trains(stretch, frozen))
  const ranges = joined(moving, () => true)
  const all = ranges.map((range) => flat(gradients, range))
  if (options.accumulate) for (const range of ranges) accumulate(graph, range, step)
  if (lossScale) settleLossScale(graph, all, step, lossScale)
  const clip = options.clip ? clipGradients(graph, all, { step, lossScale }) : null
  const kinds = moving.map((stretch) => ({ ...stretch, decay: stretch.decay || decayNorms }))
  const alike = (a: ParameterStretch, b: ParameterStretch): boolean => a.group === b.group && a.decay === b.decay
  for (const stretch of joined(kinds, alike)) optimize(graph, optimizer, stretch, gradients, { step, lossScale, clip })
  if (options.average) {
    average(graph, 'parameters', model.elements, step)
    average(graph, 'states', model.stateElements, step)
  }
}

/** Stretches in order of offset, neighbours that are `alike` made one. */
function joined<S extends FlatRange>(stretches: readonly S[], alike: (a: S, b: S) => boolean): S[] {
  const ranges: S[] = []
  for (const stretch of stretches) {
    const last = ranges.at(-1)
    if (last && last.offset + last.elements === stretch.offset && alike(last, stretch))
      last.elements += stretch.elements
    else ranges.push({ ...stretch })
  }
  return ranges
}
