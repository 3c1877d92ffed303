/** Running single kernels on the real device, and holding what they compute against f64 references. */
import type { Device } from '../gpu/device.ts'
import { readBuffer } from '../gpu/read.ts'
import { noise } from '../reference/formula-weights.ts'
import { type Kernel, padded } from './kernel.ts'

/** Half the distance between 1 and the next f32: the relative error of one rounding. */
export const epsilon: number = 2 ** -24

/** What a binding holds before the kernel runs, or how many elements of NaN. */
export type Contents = Float64Array | Float32Array | Uint32Array | number

/**
 * Runs a kernel once with a buffer for each binding, and returns what every binding holds afterwards. f64 contents are
 * rounded to f32. Read u32 bindings with `asU32`.
 */
export async function runKernel(
  device: Device,
  kernel: Kernel,
  contents: Record<string, Contents>,
): Promise<Record<string, Float32Array<ArrayBuffer>>> {
  const { gpu } = device
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
  const buffers = kernel.bindings.map(({ name }) => {
    const words = wordsOf(contents[name], `${kernel.name}: ${name}`)
    const buffer = device.createBuffer(name, words.byteLength, usage)
    gpu.queue.writeBuffer(buffer, 0, words)
    return { name, buffer }
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
  for (const { name, buffer } of buffers) {
    results[name] = new Float32Array(await readBuffer(device, buffer, 0, buffer.size))
    buffer.destroy()
  }
  device.check()
  return results
}

function wordsOf(contents: Contents | undefined, name: string): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  if (contents === undefined) throw new Error(`${name} has no contents`)
  if (typeof contents === 'number') return new Float32Array(contents).fill(Number.NaN)
  return contents instanceof Uint32Array ? new Uint32Array(contents) : new Float32Array(contents)
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
