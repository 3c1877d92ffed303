/**
 * ResNet-18, 34 and 50 in f64 on a tape (He et al. 2016; torchvision's names, its v1.5 strides: a bottleneck's stride is on
 * its 3 × 3 convolution). Slow and obvious: what whole networks on the device are held against.
 */
import { softmaxCrossEntropy } from './loss.ts'
import { type Activation, type ParameterSource, Tape } from './tape.ts'

export interface ReferenceNetwork {
  arch: 'resnet18' | 'resnet34' | 'resnet50'
  /**
   * linear: global average pool, then `fc` with bias, as torchvision. concat: fastai's, under `head`: concat[max pool, average
   * pool] → bn1 → dropout → fc1 (512) → ReLU → bn2 → dropout → fc2, linears without bias.
   */
  head: 'linear' | 'concat'
  classes: number
  /**
   * The factors of the concat head's dropouts in training, 0 or 1/(1 − p) for each of `count` elements; `layer` is 1 for the
   * first and 2 for the second. Left out, nothing is dropped.
   */
  dropout?: (layer: 1 | 2, count: number) => Float64Array
}

/** A batch of square images, [n, size, size, 3], with a label each. */
export interface ReferenceBatch {
  n: number
  size: number
  images: Float64Array
  labels: Uint32Array
}

export interface ReferencePass {
  /** [n, classes]. */
  logits: Float64Array
  /** A sample each, and their mean. */
  losses: Float64Array
  loss: number
  /** Of the mean loss by every parameter, in PyTorch's layout. */
  gradients: Map<string, Float64Array>
  /** Running statistics of every batch norm after this batch. */
  running: Map<string, Float64Array>
}

/** Blocks of each stage, and channels that a block gives for each that it works on. */
const stages = {
  resnet18: { blocks: [2, 2, 2, 2], expansion: 1, block: basicBlock },
  resnet34: { blocks: [3, 4, 6, 3], expansion: 1, block: basicBlock },
  resnet50: { blocks: [3, 4, 6, 3], expansion: 4, block: bottleneck },
} as const

/** One forward and backward pass in training mode. */
export function trainingPass(
  network: ReferenceNetwork,
  parameter: ParameterSource,
  batch: ReferenceBatch,
  smoothing: number,
): ReferencePass {
  const tape = new Tape(parameter, true)
  const logits = forward(tape, network, batch)
  const { losses, loss, dlogits } = softmaxCrossEntropy(network.classes, smoothing, logits.value, batch.labels)
  tape.backward(logits, dlogits)
  return { logits: logits.value, losses, loss, gradients: tape.gradients, running: tape.running }
}

/** Logits [n, classes] in evaluation mode: batch norms use their running statistics. */
export function evaluationLogits(
  network: ReferenceNetwork,
  parameter: ParameterSource,
  batch: Omit<ReferenceBatch, 'labels'>,
): Float64Array {
  return forward(new Tape(parameter, false), network, batch).value
}

function forward(tape: Tape, network: ReferenceNetwork, batch: Omit<ReferenceBatch, 'labels'>): Activation {
  let x = tape.input({ n: batch.n, h: batch.size, w: batch.size, c: 3 }, batch.images)
  x = tape.relu(tape.batchNorm('bn1', tape.conv2d('conv1', x, 64, 7, 2, 3)))
  x = tape.maxPool(x)
  const { blocks, expansion, block } = stages[network.arch]
  for (const [stage, count] of blocks.entries()) {
    const width = 64 * 2 ** stage
    for (let b = 0; b < count; b++) {
      const name = `layer${stage + 1}.${b}`
      const stride = stage > 0 && b === 0 ? 2 : 1
      const shortcut = projectedShortcut(tape, name, x, width * expansion, stride)
      x = tape.relu(tape.add(block(tape, name, x, width, stride), shortcut))
    }
  }
  return network.head === 'linear' ? linearHead(tape, x, network) : concatHead(tape, x, network)
}

function basicBlock(tape: Tape, name: string, x: Activation, width: number, stride: number): Activation {
  const inner = tape.relu(tape.batchNorm(`${name}.bn1`, tape.conv2d(`${name}.conv1`, x, width, 3, stride, 1)))
  return tape.batchNorm(`${name}.bn2`, tape.conv2d(`${name}.conv2`, inner, width, 3, 1, 1))
}

function bottleneck(tape: Tape, name: string, x: Activation, width: number, stride: number): Activation {
  const narrow = tape.relu(tape.batchNorm(`${name}.bn1`, tape.conv2d(`${name}.conv1`, x, width, 1, 1, 0)))
  const inner = tape.relu(tape.batchNorm(`${name}.bn2`, tape.conv2d(`${name}.conv2`, narrow, width, 3, stride, 1)))
  return tape.batchNorm(`${name}.bn3`, tape.conv2d(`${name}.conv3`, inner, 4 * width, 1, 1, 0))
}

/** The block's input, through a 1 × 1 convolution and batch norm where its shape is not that of the output. */
function projectedShortcut(tape: Tape, name: string, x: Activation, channels: number, stride: number): Activation {
  if (stride === 1 && x.shape.c === channels) return x
  return tape.batchNorm(`${name}.downsample.1`, tape.conv2d(`${name}.downsample.0`, x, channels, 1, stride, 0))
}

function linearHead(tape: Tape, x: Activation, { classes }: ReferenceNetwork): Activation {
  return tape.linear('fc', tape.globalAvgPool(x), classes, true)
}

function concatHead(tape: Tape, x: Activation, { classes, dropout }: ReferenceNetwork): Activation {
  const drop = (y: Activation, layer: 1 | 2): Activation =>
    dropout && tape.training ? tape.dropout(y, dropout(layer, y.value.length)) : y
  const pooled = tape.concat(tape.globalMaxPool(x), tape.globalAvgPool(x))
  const hidden = tape.linear('head.fc1', drop(tape.batchNorm('head.bn1', pooled), 1), 512, false)
  return tape.linear('head.fc2', drop(tape.batchNorm('head.bn2', tape.relu(hidden)), 2), classes, false)
}
