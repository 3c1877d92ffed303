/**
 * No adapter here has matrix units. So everything around them runs with the units emulated, against the f64 reference; and Dawn's
 * null backend, which has every feature and computes nothing, compiles the text with the real built-in functions.
 * Inputs are multiples of 2⁻⁶ below 1, which f16 holds: the bound is that of any f32 sum (conv2d.test.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { create } from 'webgpu'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import * as reference from '../../reference/conv2d.ts'
import type { Kernel } from '../kernel.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from '../testing.ts'
import { conv2dFilterGradient } from './conv2d.filter-gradient.ts'
import { conv2dForward } from './conv2d.forward.ts'
import { conv2dInputGradient } from './conv2d.input-gradient.ts'
import type { Matrix } from './conv2d.matrix.ts'
import { transposeFilter } from './conv2d.transpose-filter.ts'
import { type Conv2d, outputSize } from './conv2d.ts'

const half: Matrix = {
  kind: 'matrix',
  rows: 64,
  columns: 32,
  depth: 32,
  height: 4,
  component: 'f16',
  side: 16,
  lanes: 32,
}
const single: Matrix = { ...half, depth: 16, component: 'f32', side: 8 }
const variants = [
  ['f16 by 16', half],
  ['f32 by 8', single],
] as const

/** Rows, columns and depths that fill no tile, at stride 2. */
const c: Conv2d = { n: 3, h: 9, w: 7, ci: 12, co: 36, kernel: 3, stride: 2, padding: 1 }

describe('with the units emulated', () => {
  let device: Device
  beforeAll(async () => {
    device = await openNodeDevice({ validation: true })
  })
  afterAll(() => device.destroy())

  const coarse = (name: string, rows: number, channels: number): Float64Array =>
    paddedNoise(name, rows, channels).map((v) => Math.round(64 * v) / 64)
  const run = async (kernel: Kernel, contents: Parameters<typeof runKernel>[2], name: string) =>
    output(await runKernel(device, kernel, contents), name)
  const abs = (x: Float64Array): Float64Array => x.map(Math.abs)
  const boundOf = (terms: number, sums: Float64Array): Float64Array =>
    sums.map((sum) => Math.sqrt(2 * terms) * epsilon * sum)

  // A device without f16 has no use for those matrices.
  test.each(variants)('%s: the three passes are those of the reference', async (_, variant) => {
    if (variant.component === 'f16' && !device.gpu.features.has('shader-f16')) return
    const emulated: Matrix = { ...variant, emulated: true }
    const { oh, ow } = outputSize(c)
    const loops = { ...c, kh: c.kernel, kw: c.kernel }
    const x = coarse('x', c.n * c.h * c.w, c.ci)
    const w = coarse('w', c.kernel ** 2 * c.ci, c.co)
    const dy = coarse('dy', c.n * oh * ow, c.co)
    const y = await run(conv2dForward(c, emulated), { x, w, y: dy.length }, 'y')
    const yBound = boundOf(c.kernel ** 2 * c.ci, reference.conv2d(loops, abs(x), abs(w)))
    expect(firstMismatch(y, reference.conv2d(loops, x, w), yBound, [c.n, oh, ow, c.co])).toBeNull()

    const wt = await run(transposeFilter(c), { w, wt: w.length }, 'wt')
    const dx = await run(conv2dInputGradient(c, emulated), { dy, wt, dx: x.length }, 'dx')
    const dxBound = boundOf(c.kernel ** 2 * c.co, reference.conv2dInputGradient(loops, abs(dy), abs(w)))
    const dxExpected = reference.conv2dInputGradient(loops, dy, w)
    expect(firstMismatch(dx, dxExpected, dxBound, [c.n, c.h, c.w, c.ci])).toBeNull()

    const dw = await run(conv2dFilterGradient(c, emulated, 1), { x, dy, parts: w.length }, 'parts')
    const dwBound = boundOf(c.n * oh * ow, reference.conv2dFilterGradient(loops, abs(x), abs(dy)))
    const dwExpected = reference.conv2dFilterGradient(loops, x, dy)
    expect(firstMismatch(dw, dwExpected, dwBound, [c.kernel, c.kernel, c.ci, c.co])).toBeNull()
  })
})

describe('with the real units', () => {
  test.each(variants)('%s: every pass compiles where the extension is there', async (_, variant) => {
    const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
    Object.assign(globalThis, { __nullBackend: gpu })
    const adapter = await gpu.requestAdapter()
    const wanted = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups'] as GPUFeatureName[]
    const device = await adapter!.requestDevice({ requiredFeatures: wanted })
    for (const kernel of [
      conv2dForward(c, variant),
      conv2dForward(c, variant, { kind: 'moments' }),
      conv2dForward(c, variant, { kind: 'normalise', tail: 'shortcut' }),
      conv2dInputGradient(c, variant),
      conv2dFilterGradient(c, variant, 2),
      conv2dForward({ ...c, type: 'f16' }, variant, { kind: 'moments' }),
      conv2dInputGradient({ ...c, type: 'f16' }, variant),
      conv2dFilterGradient({ ...c, type: 'f16' }, variant, 2),
    ]) {
      const module = device.createShaderModule({ code: kernel.wgsl })
      const { messages } = await module.getCompilationInfo()
      expect(messages.map(({ lineNum, message }) => `${kernel.name} line ${lineNum}: ${message}`)).toEqual([])
      const compute = { module, entryPoint: 'main' }
      await device.createComputePipelineAsync({ layout: 'auto', compute })
    }
    device.destroy()
    await device.lost
  })
})

test('a tile that subgroups cannot share out is refused', () => {
  expect(() => conv2dForward(c, { ...half, lanes: 8 })).toThrow(/over 16 subgroups/)
  expect(() => conv2dForward(c, { ...half, columns: 64, rows: 128 })).toThrow(RangeError)
})
