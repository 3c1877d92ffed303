/**
 * Residual networks (He et al., Deep Residual Learning for Image Recognition, 2015) as torchvision has them: ResNet-18, -34
 * and -50, the stride of a bottleneck on its 3 × 3 convolution (v1.5), torchvision's names for every tensor.
 */
import type { Graph } from '../graph/graph.ts'
import { type BatchNormTensors, batchNormEvaluation, batchNormTraining, type Follow } from '../graph/ops/batch-norm.ts'
import { convNormEvaluation, convNormTraining } from '../graph/ops/conv-norm.ts'
import { conv2d } from '../graph/ops/conv2d.ts'
import { bias, dropout, normalise, relu } from '../graph/ops/elementwise.ts'
import { globalAvgPool, globalConcatPool, maxPool } from '../graph/ops/pool.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ActivationType } from '../kernels/kernel.ts'
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
interface ConvNorm {
  filter: string
  norm: string
  ci: number
  co: number
  kernel: number
  stride: number
}

interface Block {
  group: number
  body: ConvNorm[]
  downsample: ConvNorm | null
}

/** What a forward pass is built for. */
export interface ForwardMode {
  /** Batch statistics and dropout, or running statistics and none. */
  training: boolean
  /**
   * How the body's activations and their gradients are stored. The head, from the global pool on, is f32 either way: a few
   * hundred numbers an image, so that logits lose nothing.
   */
  activations: ActivationType
  /** The program's step scalars, for dropout's draws; only read in training. */
  step: Tensor
}

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

  /** pixels [n, size, size] of packed RGBA → logits [n, 1, 1, classes padded]. */
  forward(graph: Graph, pixels: Tensor, mode: ForwardMode): Tensor {
    const { mean, std } = this.preprocessing
    let x = normalise(graph, pixels, mean, std, mode.activations)
    x = this.#convNorm(graph, x, stem, mode, 'relu')
    x = maxPool(graph, x)
    for (const block of this.#blocks) x = this.#block(graph, x, block, mode)
    return this.#headForward(graph, x, mode)
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

  #headForward(graph: Graph, x: Tensor, mode: ForwardMode): Tensor {
    if (this.head === 'linear') {
      const logits = conv2d(graph, { x: globalAvgPool(graph, x), filter: this.#tensor('fc.weight') })
      return bias(graph, logits, this.#tensor('fc.bias'))
    }
    let y = this.#norm(graph, globalConcatPool(graph, x), 'head.bn1', mode)
    if (mode.training) y = dropout(graph, y, mode.step, 0.25, 1)
    y = relu(graph, conv2d(graph, { x: y, filter: this.#tensor('head.fc1.weight') }))
    y = this.#norm(graph, y, 'head.bn2', mode)
    if (mode.training) y = dropout(graph, y, mode.step, 0.5, 2)
    return conv2d(graph, { x: y, filter: this.#tensor('head.fc2.weight') })
  }

  #convNorm(graph: Graph, x: Tensor, layer: ConvNorm, mode: ForwardMode, follow: Follow = null): Tensor {
    const { kernel, stride } = layer
    const convolution = { x, filter: this.#tensor(`${layer.filter}.weight`), stride, padding: (kernel - 1) / 2 }
    const convNorm = mode.training ? convNormTraining : convNormEvaluation
    return convNorm(graph, convolution, this.#normTensors(layer.norm), follow)
  }

  #norm(graph: Graph, x: Tensor, name: string, mode: ForwardMode): Tensor {
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

const stem: ConvNorm = { filter: 'conv1', norm: 'bn1', ci: 3, co: 64, kernel: 7, stride: 2 }

function blocksOf(arch: Arch): Block[] {
  const { bottleneck, blocks } = designs[arch]
  const expansion = bottleneck ? 4 : 1
  let ci = 64
  return blocks.flatMap((count, stage) => {
    const width = 64 * 2 ** stage
    const co = width * expansion
    return Array.from({ length: count }, (_, i): Block => {
      const name = `layer${stage + 1}.${i}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const conv = (index: number, from: number, to: number, kernel: number, s: number): ConvNorm => ({
        filter: `${name}.conv${index}`,
        norm: `${name}.bn${index}`,
        ci: from,
        co: to,
        kernel,
        stride: s,
      })
      const body = bottleneck
        ? [conv(1, ci, width, 1, 1), conv(2, width, width, 3, stride), conv(3, width, co, 1, 1)]
        : [conv(1, ci, width, 3, stride), conv(2, width, width, 3, 1)]
      const downsample =
        stride !== 1 || ci !== co
          ? { filter: `${name}.downsample.0`, norm: `${name}.downsample.1`, ci, co, kernel: 1, stride }
          : null
      ci = co
      return { group: stage < 2 ? 0 : 1, body, downsample }
    })
  })
}

/** The learning-rate group of the head; the body has the two before it. */
export const headGroup = 2

function declare(blocks: readonly Block[], head: Head, classes: number) {
  const parameters: Omit<Parameter, 'tensor'>[] = []
  const states: Omit<Weight, 'tensor'>[] = []
  const parameter = (name: string, shape: number[], group: number, decay: boolean, init: Init): void => {
    parameters.push({ name, shape, group, decay, init, bodyNorm: !decay && group < headGroup })
  }
  const norm = (name: string, channels: number, group: number, beta = 0): void => {
    parameter(`${name}.weight`, [channels], group, false, { kind: 'constant', value: 1 })
    parameter(`${name}.bias`, [channels], group, false, { kind: 'constant', value: beta })
    states.push({ name: `${name}.running_mean`, shape: [channels], init: { kind: 'constant', value: 0 } })
    states.push({ name: `${name}.running_var`, shape: [channels], init: { kind: 'constant', value: 1 } })
  }
  const convNorm = ({ filter, norm: normName, ci, co, kernel }: ConvNorm, group: number): void => {
    // Kaiming normal over the fan out, as torchvision initialises.
    const std = Math.sqrt(2 / (kernel * kernel * co))
    parameter(`${filter}.weight`, [co, ci, kernel, kernel], group, true, { kind: 'normal', std })
    norm(normName, co, group)
  }
  convNorm(stem, 0)
  for (const { group, body, downsample } of blocks) {
    for (const layer of body) convNorm(layer, group)
    if (downsample) convNorm(downsample, group)
  }
  const features = blocks.at(-1)?.body.at(-1)?.co ?? 0
  if (head === 'linear') {
    const uniform: Init = { kind: 'uniform', bound: 1 / Math.sqrt(features) }
    parameter('fc.weight', [classes, features], headGroup, true, uniform)
    parameter('fc.bias', [classes], headGroup, false, uniform)
  } else {
    const hidden = 512
    const linear = (name: string, from: number, to: number): void =>
      parameter(name, [to, from], headGroup, true, { kind: 'normal', std: Math.sqrt(2 / from) })
    norm('head.bn1', 2 * features, headGroup, 1e-3)
    linear('head.fc1.weight', 2 * features, hidden)
    norm('head.bn2', hidden, headGroup, 1e-3)
    linear('head.fc2.weight', hidden, classes)
  }
  return { parameters, states }
}
