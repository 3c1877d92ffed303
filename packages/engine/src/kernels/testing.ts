/** Running single kernels on the real device, and holding what they compute against f64 references. */
import type { Device } from '../gpu/device.ts'
import { readBuffer } from '../gpu/read.ts'
import { noise } from '../reference/formula-weights.ts'
import { type ActivationType, type Binding, holdsHalves, type Kernel, padded } from './kernel.ts'

/** Half the distance between 1 and the next f32: the relative error of one rounding. */
export const epsilon: number = 2 ** -24

/** The same of f16. */
export const halfEpsilon: number = 2 ** -11

/** What a binding holds before the kernel runs, or how many elements of NaN. */
export type Contents = Float64Array | Float32Array | Uint32Array | number

/**
 * Runs a kernel once with a buffer for each binding, and returns what every binding holds afterwards. f64 contents are
 * rounded to what the binding holds, f32 or f16; either comes back as f32. Read u32 bindings with `asU32`.
 */
export async function runKernel(
  device: Device,
  kernel: Kernel,
  contents: Record<string, Contents>,
): Promise<Record<string, Float32Array<ArrayBuffer>>> {
  const { gpu } = device
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
  const buffers = kernel.bindings.map((binding) => {
    const { name } = binding
    const words = wordsOf(contents[name], binding, kernel.name)
    const buffer = device.createBuffer(name, words.byteLength, usage)
    gpu.queue.writeBuffer(buffer, 0, words)
    return { name, buffer, half: holdsHalves(binding) }
  })
  const { pipeline, layout } = await device.pipelines.get(kernel.name, kernel.wgsl, kernel.bindings.length)
  const entries = buffers.map(({ buffer }, binding) => ({ binding, resource: { buffer } }))
  const encoder = gpu.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, gpu.createBindGroup({ layout, entries }))
  pass.dispatchWorkgroups(...kernel.workgroups)
  pass.end()
  gpu.queue.submit([encoder.finish()])
  const results: Record<string, Float32Array<ArrayBuffer>> = {}
  for (const { name, buffer, half } of buffers) {
    const bytes = await readBuffer(device, buffer, 0, buffer.size)
    results[name] = half ? Float32Array.from(new Float16Array(bytes)) : new Float32Array(bytes)
    buffer.destroy()
  }
  device.check()
  return results
}

function wordsOf(
  contents: Contents | undefined,
  binding: Binding,
  kernel: string,
): Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  if (contents === undefined) throw new Error(`${kernel}: ${binding.name} has no contents`)
  const values = typeof contents === 'number' ? new Float32Array(contents).fill(Number.NaN) : contents
  // As integers: Dawn's binding dies of a Float16Array (webgpu 0.6).
  if (holdsHalves(binding)) return new Uint16Array(new Float16Array(values).buffer)
  return values instanceof Uint32Array ? new Uint32Array(values) : new Float32Array(values)
}

/** The result of a kernel called `name`. */
export function output(results: Record<string, Float32Array<ArrayBuffer>>, name: string): Float32Array<ArrayBuffer> {
  const result = results[name]
  if (!result) throw new Error(`no binding is called ${name}`)
  return result
}

export const asU32 = (words: Float32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => new Uint32Array(words.buffer)

/** [rows, channels] of numbers in (−1, 1) that f32 holds, as the device stores it: columns padded with zeros. */
export function paddedNoise(name: string, rows: number, channels: number): Float64Array {
  const columns = padded(channels)
  const values = noise(name, rows * channels)
  return new Float64Array(rows * columns).map((_, i) =>
    i % columns < channels ? Math.fround(values[Math.floor(i / columns) * channels + (i % columns)]!) : 0,
  )
}

/** Values as an activation of `type` holds them: what a reference has to start from. */
export const asStored = (values: Float64Array, type: ActivationType = 'f32'): Float64Array =>
  type === 'f16' ? values.map(Math.f16round) : values.map(Math.fround)

/** The bound of a result that is stored as `type`: `bound` of its f32 value, and in f16 one more rounding, subnormals apart. */
export const storedBound = (
  bound: number | Float64Array,
  expected: Float64Array,
  type: ActivationType = 'f32',
): Float64Array =>
  expected.map((value, i) => {
    const own = typeof bound === 'number' ? bound : bound[i]!
    return type === 'f16' ? own + Math.max(halfEpsilon * (Math.abs(value) + own), 2 ** -25) : own
  })

/**
 * The first element that is further from `expected` than `bound` allows (a number, or one for each element), with its indices
 * in `shape`; null where there is none.
 */
export function firstMismatch(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number | Float64Array,
  shape: readonly number[],
): string | null {
  if (actual.length !== expected.length) return `${actual.length} elements where ${expected.length} are expected`
  for (let i = 0; i < expected.length; i++) {
    const allowed = typeof bound === 'number' ? bound : bound[i]!
    if (Math.abs(actual[i]! - expected[i]!) <= allowed) continue
    const indices = shape.map((size, axis) => Math.floor(i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size)
    return `[${indices}] is ${actual[i]}, not ${expected[i]} ± ${allowed}`
  }
  return null
}
