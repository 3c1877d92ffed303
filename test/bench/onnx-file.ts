/** Just enough of ONNX's protobuf (onnx/onnx.proto, opset 17) to write a ResNet for inference. */
import { classes, type Workload } from './contender.ts'
import { resNet, tensorsOf } from './resnet.ts'

type Bytes = Buffer

function varint(value: number): Bytes {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

/** Field of wire type 0. */
const int = (field: number, value: number): Bytes => Buffer.concat([varint(field * 8), varint(value)])

/** Field of wire type 2: a string, raw bytes, or a message, which is the fields it consists of. */
function field(number: number, ...content: (string | Bytes)[]): Bytes {
  const body = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
}

const float32 = 1

/** AttributeProto: an integer or a list of integers. */
const attribute = (name: string, value: number | readonly number[]): Bytes =>
  typeof value === 'number'
    ? field(5, field(1, name), int(3, value), int(20, 2))
    : field(5, field(1, name), ...value.map((v) => int(8, v)), int(20, 7))

/** ValueInfoProto of an f32 tensor, as the graph's field `number`. */
const valueInfo = (number: number, name: string, shape: readonly number[]): Bytes => {
  const dimensions = field(2, ...shape.map((size) => field(1, int(1, size))))
  return field(number, field(1, name), field(2, field(1, int(1, float32), dimensions)))
}

/**
 * A model from `images` [batch, 3, size, size] to `logits` [batch, classes]; `weights` gives each tensor's values by its
 * torchvision name, in PyTorch's layout.
 */
export function resNetAsOnnx(
  { arch, batch, size }: Workload,
  weights: (name: string, shape: readonly number[]) => Float32Array,
): Bytes {
  const nodes: Bytes[] = []
  const node = (op: string, inputs: string[], attributes: Record<string, number | readonly number[]> = {}): string => {
    const output = op === 'Gemm' ? 'logits' : `${op} ${nodes.length}`
    const names = inputs.map((name) => field(1, name))
    const listed = Object.entries(attributes).map(([name, value]) => attribute(name, value))
    nodes.push(field(1, ...names, field(2, output), field(3, output), field(4, op), ...listed))
    return output
  }
  resNet<string>(
    arch,
    {
      convNorm(x, conv, norm, [, , kernel], stride) {
        const pads = Array<number>(4).fill((kernel - 1) / 2)
        const convolution = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads }
        const y = node('Conv', [x, `${conv}.weight`], convolution)
        const statistics = ['weight', 'bias', 'running_mean', 'running_var'].map((kind) => `${norm}.${kind}`)
        return node('BatchNormalization', [y, ...statistics])
      },
      relu: (x) => node('Relu', [x]),
      add: (a, b) => node('Add', [a, b]),
      maxPool: (x) => node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
      classify: (x) =>
        node('Gemm', [node('Flatten', [node('GlobalAveragePool', [x])]), 'fc.weight', 'fc.bias'], { transB: 1 }),
    },
    'images',
  )
  const { parameters, states } = tensorsOf(arch, classes)
  const initializers = [...parameters, ...states].map(([name, shape]) => {
    const { buffer, byteOffset, byteLength } = weights(name, shape)
    const raw = Buffer.from(buffer, byteOffset, byteLength)
    return field(5, ...shape.map((dimension) => int(1, dimension)), int(2, float32), field(8, name), field(9, raw))
  })
  const ends = [valueInfo(11, 'images', [batch, 3, size, size]), valueInfo(12, 'logits', [batch, classes])]
  const graph = field(7, ...nodes, field(2, arch), ...initializers, ...ends)
  const opset = field(8, int(2, 17))
  return Buffer.concat([int(1, 8), opset, graph])
}
