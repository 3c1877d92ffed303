/**
 * Residual networks (He et al., Deep Residual Learning for Image Recognition, 2015) as torchvision has them: ResNet-18, -34
 * and -50, the stride of a bottleneck on its 3 × 3 convolution (v1.5), torchvision's names for every tensor.
 */
import type { Graph } from '../graph/graph.ts'
import { type AugmentInput, augment } from '../graph/ops/augment.ts'
import { type BatchNormTensors, batchNormEvaluation, batchNormTraining, type Follow } from '../graph/ops/batch-norm.ts'
import { convNormEvaluation, convNormTraining } from '../graph/ops/conv-norm.ts'
import { conv2d } from '../graph/ops/conv2d.ts'
import { bias, dropout, normalise, relu } from '../graph/ops/elementwise.ts'
import { type MaskInput, mask } from '../graph/ops/mask.ts'
import { globalAvgPool, globalConcatPool, maxPool } from '../graph/ops/pool.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ActivationType } from '../kernels/kernel.ts'
import { type Frozen, isStill, type Stage } from './freezing.ts'
import { type Init, layOut, type Parameter, type Parameters, type Weight } from './parameters.ts'

export type Arch = 'resnet18' | 'resnet34' | 'resnet50'

export const archs: readonly Arch[] = ['resnet18', 'resnet34', 'resnet50']

/**
 * `linear`: mean over the feature maps, then one linear layer with bias (torchvision's).
 * `concat`: maxima and means, batch norm, dropout .25, linear to 512, ReLU, batch norm, dropout .5, linear (fastai's).
 */
export type Head = 'concat' | 'linear'

export const heads: readonly Head[] = ['concat', 'linear']

/** How images become input: u8 / 255, minus mean, over std, by channel. */
export interface Preprocessing {
  mean: readonly [number, number, number]
  std: readonly [number, number, number]
}

export const imagenetPreprocessing: Preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

export interface ResNetOptions {
  arch: Arch
  classes: readonly string[]
  head: Head
  preprocessing?: Preprocessing
}

const designs: Record<Arch, { bottleneck: boolean; blocks: readonly [number, number, number, number] }> = {
  resnet18: { bottleneck: false, blocks: [2, 2, 2, 2] },
  resnet34: { bottleneck: false, blocks: [3, 4, 6, 3] },
  resnet50: { bottleneck: true, blocks: [3, 4, 6, 3] },
}

/** A convolution with its batch norm: torchvision never has one without the other. */
export interface ConvNorm {
  filter: string
  norm: string
  ci: number
  co: number
  kernel: number
  stride: number
  stage: Stage
}

/** Layers in a row with ReLUs between them; the shortcut's sum and a ReLU follow. */
interface Block {
  stage: Stage
  body: ConvNorm[]
  downsample: ConvNorm | null
}

/** What a forward pass is built for. */
export interface ForwardMode {
  /** Batch statistics and dropout, or running statistics and none. */
  training: boolean
  /** What is frozen while training: batch norms that are still normalise by running statistics. Default nothing. */
  frozen?: Frozen | false
  /**
   * How the body's activations and their gradients are stored. The head, from the global pool on, is f32 either way: a few
   * hundred numbers an image, so that logits lose nothing.
   */
  activations: ActivationType
  /** The program's step scalars, for dropout's draws; only read in training. */
  step: Tensor
  /** What happens to the images on their way in; nothing but being normalised by default. */
  augment?: AugmentInput | null
  /** The images are one picture under many masks: `pixels` are then it and what hides it, [2, size, size]. */
  masks?: MaskInput | null
}

/** The stages of the body whose outputs are feature maps. */
export type FeatureLayer = 'layer1' | 'layer2' | 'layer3' | 'layer4'

export const featureLayers: readonly FeatureLayer[] = ['layer1', 'layer2', 'layer3', 'layer4']

/** A network's description: its tensors, and how to build its graph. Holds no values and no device. */
export class ResNet implements Parameters {
  readonly arch: Arch
  readonly classes: readonly string[]
  readonly head: Head
  readonly preprocessing: Preprocessing
  /** In torchvision's order. */
  readonly parameters: ReadonlyMap<string, Parameter>
  readonly states: ReadonlyMap<string, Weight>
  readonly stretches: Parameters['stretches']
  readonly elements: number
  readonly stateElements: number
  readonly #blocks: readonly Block[]

  constructor({ arch, classes, head, preprocessing = imagenetPreprocessing }: ResNetOptions) {
    this.arch = arch
    this.classes = classes
    this.head = head
    this.preprocessing = preprocessing
    this.#blocks = blocksOf(arch)
    const declared = declare(this.#blocks, head, classes.length)
    const { parameters, states, stretches, elements, stateElements } = layOut(declared.parameters, declared.states)
    this.parameters = parameters
    this.states = states
    this.stretches = stretches
    this.elements = elements
    this.stateElements = stateElements
  }

  /** The body's layers: the stem, a max pool after it, and blocks. */
  get layers(): { stem: ConvNorm; blocks: readonly Block[] } {
    return { stem, blocks: this.#blocks }
  }

  /** Number of trained values, padding not counted. */
  get parameterCount(): number {
    let count = 0
    for (const { shape } of this.parameters.values()) count += shape.reduce((a, b) => a * b, 1)
    return count
  }

  /** Parameters and running statistics: the state dict. */
  *weights(): Generator<Weight> {
    yield* this.parameters.values()
    yield* this.states.values()
  }

  /** pixels [n, size, size] of packed RGBA, or of another size where they are augmented → logits [n, 1, 1, classes padded]. */
  forward(graph: Graph, pixels: Tensor, mode: ForwardMode): Tensor {
    return this.classify(graph, this.features(graph, pixels, mode), mode)
  }

  /** The pooled feature maps of the body, what the head classifies: pixels [n, size, size] → [n, 1, 1, featureCount] f32. */
  features(graph: Graph, pixels: Tensor, mode: ForwardMode): Tensor {
    return this.pool(graph, this.featureMaps(graph, pixels, mode).layer4)
  }

  /** What each stage of the body makes of pixels [n, size, size]: [n, h, w, channels]. */
  featureMaps(graph: Graph, pixels: Tensor, mode: ForwardMode): Record<FeatureLayer, Tensor> {
    let x = this.#convNorm(graph, this.#input(graph, pixels, mode), stem, mode, 'relu')
    x = maxPool(graph, x)
    const maps: Partial<Record<Stage, Tensor>> = {}
    for (const block of this.#blocks) maps[block.stage] = x = this.#block(graph, x, block, mode)
    return maps as Record<FeatureLayer, Tensor>
  }

  /** The last feature maps, pooled: [n, h, w, channels] → [n, 1, 1, featureCount] f32. */
  pool(graph: Graph, maps: Tensor): Tensor {
    return this.head === 'linear' ? globalAvgPool(graph, maps) : globalConcatPool(graph, maps)
  }

  #input(graph: Graph, pixels: Tensor, mode: ForwardMode): Tensor {
    const { mean, std } = this.preprocessing
    if (mode.masks) return mask(graph, pixels, mode.masks, this.preprocessing, mode.activations)
    if (mode.augment) return augment(graph, pixels, mode.augment, this.preprocessing, mode.activations)
    return normalise(graph, pixels, mean, std, mode.activations)
  }

  /** Numbers that the head classifies an image by. */
  get featureCount(): number {
    return featureCount(this.#blocks, this.head)
  }

  #block(graph: Graph, input: Tensor, { body, downsample }: Block, mode: ForwardMode): Tensor {
    // The shortcut first: the last batch norm of the body adds it.
    const shortcut = downsample ? this.#convNorm(graph, input, downsample, mode) : input
    let x = input
    for (const [i, layer] of body.entries()) {
      x = this.#convNorm(graph, x, layer, mode, i < body.length - 1 ? 'relu' : { shortcut })
    }
    return x
  }

  /** features [n, 1, 1, featureCount] → logits [n, 1, 1, classes padded]. */
  classify(graph: Graph, features: Tensor, mode: Omit<ForwardMode, 'activations'>): Tensor {
    if (this.head === 'linear') {
      const logits = conv2d(graph, { x: features, filter: this.#tensor('fc.weight') })
      return bias(graph, logits, this.#tensor('fc.bias'))
    }
    let y = this.#norm(graph, features, 'head.bn1', mode)
    if (mode.training) y = dropout(graph, y, mode.step, 0.25, 1)
    y = relu(graph, conv2d(graph, { x: y, filter: this.#tensor('head.fc1.weight') }))
    y = this.#norm(graph, y, 'head.bn2', mode)
    if (mode.training) y = dropout(graph, y, mode.step, 0.5, 2)
    return conv2d(graph, { x: y, filter: this.#tensor('head.fc2.weight') })
  }

  #convNorm(graph: Graph, x: Tensor, layer: ConvNorm, mode: ForwardMode, follow: Follow = null): Tensor {
    const { kernel, stride } = layer
    const convolution = { x, filter: this.#tensor(`${layer.filter}.weight`), stride, padding: (kernel - 1) / 2 }
    const moves = mode.training && !isStill(layer.stage, mode.frozen ?? false)
    const convNorm = moves ? convNormTraining : convNormEvaluation
    return convNorm(graph, convolution, this.#normTensors(layer.norm), follow)
  }

  #norm(graph: Graph, x: Tensor, name: string, mode: Pick<ForwardMode, 'training'>): Tensor {
    const batchNorm = mode.training ? batchNormTraining : batchNormEvaluation
    return batchNorm(graph, x, this.#normTensors(name))
  }

  #normTensors(name: string): BatchNormTensors {
    return {
      gamma: this.#tensor(`${name}.weight`),
      beta: this.#tensor(`${name}.bias`),
      runningMean: this.#tensor(`${name}.running_mean`),
      runningVariance: this.#tensor(`${name}.running_var`),
    }
  }

  #tensor(name: string): Tensor {
    const weight = this.parameters.get(name) ?? this.states.get(name)
    if (!weight) throw new Error(`${this.arch} has no tensor ${name}`)
    return weight.tensor
  }
}

const stem: ConvNorm = { filter: 'conv1', norm: 'bn1', ci: 3, co: 64, kernel: 7, stride: 2, stage: 'stem' }

function blocksOf(arch: Arch): Block[] {
  const { bottleneck, blocks } = designs[arch]
  const expansion = bottleneck ? 4 : 1
  let ci = 64
  return blocks.flatMap((count, index) => {
    const stage = featureLayers[index] ?? 'layer4'
    const width = 64 * 2 ** index
    const co = width * expansion
    return Array.from({ length: count }, (_, i): Block => {
      const name = `${stage}.${i}`
      const stride = index > 0 && i === 0 ? 2 : 1
      const conv = (number: number, from: number, to: number, kernel: number, s: number): ConvNorm => ({
        filter: `${name}.conv${number}`,
        norm: `${name}.bn${number}`,
        ci: from,
        co: to,
        kernel,
        stride: s,
        stage,
      })
      const body = bottleneck
        ? [conv(1, ci, width, 1, 1), conv(2, width, width, 3, stride), conv(3, width, co, 1, 1)]
        : [conv(1, ci, width, 3, stride), conv(2, width, width, 3, 1)]
      const downsample =
        stride !== 1 || ci !== co
          ? { filter: `${name}.downsample.0`, norm: `${name}.downsample.1`, ci, co, kernel: 1, stride, stage }
          : null
      ci = co
      return { stage, body, downsample }
    })
  })
}

/** The learning-rate group of the head; the body has the two before it. */
export const headGroup = 2

/** fastai's groups. */
const groups: Record<Stage, number> = { stem: 0, layer1: 0, layer2: 0, layer3: 1, layer4: 1, head: headGroup }

function featureCount(blocks: readonly Block[], head: Head): number {
  const maps = blocks.at(-1)?.body.at(-1)?.co ?? 0
  return head === 'concat' ? 2 * maps : maps
}

function declare(blocks: readonly Block[], head: Head, classes: number) {
  const parameters: Omit<Parameter, 'tensor'>[] = []
  const states: Omit<Weight, 'tensor'>[] = []
  const parameter = (name: string, shape: number[], stage: Stage, decay: boolean, init: Init): void => {
    const bodyNorm = !decay && stage !== 'head'
    parameters.push({ name, shape, group: groups[stage], stage, decay, init, bodyNorm })
  }
  const norm = (name: string, channels: number, stage: Stage, beta = 0): void => {
    parameter(`${name}.weight`, [channels], stage, false, { kind: 'constant', value: 1 })
    parameter(`${name}.bias`, [channels], stage, false, { kind: 'constant', value: beta })
    states.push({ name: `${name}.running_mean`, shape: [channels], init: { kind: 'constant', value: 0 } })
    states.push({ name: `${name}.running_var`, shape: [channels], init: { kind: 'constant', value: 1 } })
  }
  const convNorm = ({ filter, norm: normName, ci, co, kernel, stage }: ConvNorm): void => {
    // Kaiming normal over the fan out, as torchvision initialises.
    const std = Math.sqrt(2 / (kernel * kernel * co))
    parameter(`${filter}.weight`, [co, ci, kernel, kernel], stage, true, { kind: 'normal', std })
    norm(normName, co, stage)
  }
  convNorm(stem)
  for (const { body, downsample } of blocks) {
    for (const layer of body) convNorm(layer)
    if (downsample) convNorm(downsample)
  }
  const features = featureCount(blocks, head)
  if (head === 'linear') {
    const uniform: Init = { kind: 'uniform', bound: 1 / Math.sqrt(features) }
    parameter('fc.weight', [classes, features], 'head', true, uniform)
    parameter('fc.bias', [classes], 'head', false, uniform)
  } else {
    const hidden = 512
    const linear = (name: string, from: number, to: number): void =>
      parameter(name, [to, from], 'head', true, { kind: 'normal', std: Math.sqrt(2 / from) })
    norm('head.bn1', features, 'head', 1e-3)
    linear('head.fc1.weight', features, hidden)
    norm('head.bn2', hidden, 'head', 1e-3)
    linear('head.fc2.weight', hidden, classes)
  }
  return { parameters, states }
}
