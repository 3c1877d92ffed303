/**
 * A model as ONNX (onnx/onnx.proto, opset 17): `images` [n, 3, size, size], f32, RGB from 0 to 1 less mean over deviation → `logits`
 * [n, classes], for any n. Tensors have torchvision's names; how images become input and what the classes are is in its metadata.
 */
import { ResNet } from '../nn/resnet.ts'
import type { SavedModel } from '../weights/model.ts'
import { preprocessingMetadata } from '../weights/preprocessing.ts'
import type { DiskTensor } from '../weights/safetensors.ts'
import { bytes, type Message, number } from './protobuf.ts'

export interface OnnxOptions {
  /** Images at once, where that is to be a fixed number. Default: any. */
  batch?: number | undefined
}

const irVersion = 8
const opset = 17
/** TensorProto's FLOAT, AttributeProto's INT and INTS. */
const [float32, int, ints] = [1, 2, 7]

type Attributes = Record<string, number | readonly number[]>

const attribute = ([name, value]: [string, number | readonly number[]]): Message =>
  typeof value === 'number'
    ? bytes(5, bytes(1, name), number(3, value), number(20, int))
    : bytes(5, bytes(1, name), ...value.map((v) => number(8, v)), number(20, ints))

/** A graph's input or output, as its field `field`; a side that is a string may have any length. */
function valueInfo(field: number, name: string, shape: readonly (number | string)[]): Message {
  const sides = shape.map((side) => bytes(1, typeof side === 'number' ? number(1, side) : bytes(2, side)))
  return bytes(field, bytes(1, name), bytes(2, bytes(1, number(1, float32), bytes(2, ...sides))))
}

/** The file in chunks. */
export function encodeOnnx(saved: SavedModel, { batch }: OnnxOptions = {}): Message {
  const { arch, head, classes, preprocessing, tensors } = saved
  const { size } = preprocessing
  const model = new ResNet({ arch, head, classes, preprocessing })
  const rows = batch ?? 'n'
  const initializers = [...model.weights()].map(({ name, shape }) => {
    const { buffer, byteOffset, byteLength } = (tensors.get(name) as DiskTensor).values
    const raw = new Uint8Array(buffer, byteOffset, byteLength)
    return bytes(5, ...shape.map((side) => number(1, side)), number(2, float32), bytes(8, name), bytes(9, raw))
  })
  const graph = bytes(
    7,
    ...nodesOf(model),
    bytes(2, arch),
    ...initializers,
    valueInfo(11, 'images', [rows, 3, size, size]),
    valueInfo(12, 'logits', [rows, classes.length]),
  )
  const metadata = { arch, head, classes: JSON.stringify(classes), ...preprocessingMetadata(preprocessing) }
  return [
    ...number(1, irVersion),
    ...bytes(2, 'sporeprint'),
    ...graph,
    ...bytes(8, number(2, opset)),
    ...Object.entries(metadata).flatMap(([key, value]) => bytes(14, bytes(1, key), bytes(2, value))),
  ]
}

function nodesOf(model: ResNet): Message[] {
  const nodes: Message[] = []
  const node = (op: string, inputs: readonly string[], attributes: Attributes = {}, name = `${op}.${nodes.length}`) => {
    const ends = [...inputs.map((input) => bytes(1, input)), bytes(2, name)]
    nodes.push(bytes(1, ...ends, bytes(3, name), bytes(4, op), ...Object.entries(attributes).map(attribute)))
    return name
  }
  const norm = (x: string, name: string): string =>
    node('BatchNormalization', [
      x,
      ...['weight', 'bias', 'running_mean', 'running_var'].map((kind) => `${name}.${kind}`),
    ])
  const convNorm = (x: string, { filter, norm: name, kernel, stride }: ResNet['layers']['stem']): string => {
    const pads = Array<number>(4).fill((kernel - 1) / 2)
    const sides = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads }
    return norm(node('Conv', [x, `${filter}.weight`], sides), name)
  }
  const relu = (x: string): string => node('Relu', [x])

  const { stem, blocks } = model.layers
  let x = relu(convNorm('images', stem))
  x = node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  for (const { body, downsample } of blocks) {
    let y = x
    for (const [i, layer] of body.entries()) y = convNorm(i > 0 ? relu(y) : y, layer)
    x = relu(node('Add', [y, downsample ? convNorm(x, downsample) : x]))
  }
  const mean = node('GlobalAveragePool', [x])
  if (model.head === 'linear') {
    node('Gemm', [node('Flatten', [mean]), 'fc.weight', 'fc.bias'], { transB: 1 }, 'logits')
    return nodes
  }
  const features = node('Flatten', [node('Concat', [node('GlobalMaxPool', [x]), mean], { axis: 1 })])
  const hidden = relu(node('Gemm', [norm(features, 'head.bn1'), 'head.fc1.weight'], { transB: 1 }))
  node('Gemm', [norm(hidden, 'head.bn2'), 'head.fc2.weight'], { transB: 1 }, 'logits')
  return nodes
}
