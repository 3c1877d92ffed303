/**
 * Weights, images and labels given by a formula, so that two languages can build the same network without sharing a file.
 *
 * The twin of test/goldens/formula_weights.py: every number is a pure function of a name and an index, computed in exact
 * integer and double arithmetic, then rounded to f32. Indices run over PyTorch's layout (OIHW filters, [out, in] linear
 * weights, NCHW images). The Python twin says why the numbers are spread as they are.
 */
import { nchwToNhwc } from './layout.ts'

/** FNV-1a, 32 bit, of the UTF-8 bytes of `name`. */
function nameHash(name: string): number {
  let h = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** u32 hashes of the indices 0 … count−1 of the tensor called `name`. */
function hashes(name: string, count: number): Uint32Array {
  const start = nameHash(name)
  const result = new Uint32Array(count)
  for (let index = 0; index < count; index++) result[index] = mix(mix(index) ^ start)
  return result
}

/** Numbers in (−1, 1), a pure function of `name`: the hashes of 0 … count−1, spread evenly. */
export function noise(name: string, count: number): Float64Array {
  const result = new Float64Array(count)
  const h = hashes(name, count)
  for (let i = 0; i < count; i++) result[i] = (h[i]! + 0.5) / 2147483648 - 1
  return result
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** A parameter or running statistic by its torchvision name and PyTorch shape, in PyTorch's layout; f32 holds each exactly. */
export function formulaParameter(name: string, shape: readonly number[]): Float64Array {
  const spread = spreadOf(name, shape)
  return noise(name, product(shape)).map((u) => Math.fround(spread(u)))
}

function spreadOf(name: string, shape: readonly number[]): (u: number) => number {
  const kind = name.slice(name.lastIndexOf('.') + 1)
  if (kind === 'running_mean' || name === 'fc.bias' || name === 'head.bn1.bias') return (u) => 0.1 * u
  if (kind === 'running_var') return (u) => 1 + 0.5 * Math.abs(u)
  if (kind === 'bias') return (u) => (u < 0 ? -1.5 : 1.5) + u
  const scale = shape.length === 1 ? (name.endsWith('bn3.weight') ? 0.25 : 1) : Math.sqrt(6 / product(shape.slice(1)))
  return shape.length === 1 ? (u) => scale * (1 + 0.1 * u) : (u) => scale * u
}

const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const

/** The images of the batch of `step`, [batch, size, size, 3], bytes. */
export const formulaPixels = (step: number, batch: number, size: number): Float64Array =>
  nchwToNhwc(
    [batch, 3, size, size],
    Float64Array.from(hashes(`images.${step}`, batch * 3 * size * size), (h) => h >>> 24),
  )

/** Those images as network input, by ImageNet's mean and standard deviation. */
export const formulaImages = (step: number, batch: number, size: number): Float64Array =>
  formulaPixels(step, batch, size).map((v, i) => (v / 255 - mean[i % 3]!) / std[i % 3]!)

/** Classes of the batch of `step`. */
export const formulaLabels = (step: number, batch: number, classes: number): Uint32Array =>
  hashes(`labels.${step}`, batch).map((h) => h % classes)

/** The elements of the tensor called `name` whose values a golden file keeps. */
export const sampleIndices = (name: string, count: number, samples: number): Uint32Array =>
  hashes(`${name}#samples`, samples).map((h) => h % count)

/** A vector on which the whole tensor called `name` is projected, so that an error in any element shows. */
export const projection = (name: string, number: number, count: number): Float64Array =>
  noise(`${name}#projection.${number}`, count)
