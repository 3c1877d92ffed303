/**
 * What an epilogue leaves is held against f64 references applied to the device's own convolution, so that the convolution's
 * error, which its own test bounds, does not count again. Moments of R rows: √(2R)·ε of the sum of magnitudes, as any sum.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import { batchNormEvaluation, batchNormTraining } from '../../reference/batch-norm.ts'
import { relativeError } from '../../reference/testing.ts'
import { batchNormFinish, fewerMoments, type Tail } from '../batch-norm.ts'
import { asStored, epsilon, firstMismatch, output, paddedNoise, runKernel } from '../testing.ts'
import { momentsLeft } from './conv2d.epilogue.ts'
import { conv2dForward, forwardProduct } from './conv2d.forward.ts'
import { type Conv2d, chooseVariant, outputSize, type ProductVariant } from './conv2d.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const variants: Record<string, (c: Conv2d) => ProductVariant> = {
  software: (c) => chooseVariant(forwardProduct(c), { ...device.adapter, software: true }),
  direct: () => ({ kind: 'direct', rows: 4 }),
  tile: () => ({ kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 }),
}

/** Rows that fill no block of any variant, more columns than lanes; and rows that fill every block. */
const problems: Conv2d[] = [
  { n: 3, h: 5, w: 5, ci: 8, co: 40, kernel: 3, stride: 1, padding: 1 },
  { n: 4, h: 8, w: 8, ci: 4, co: 8, kernel: 3, stride: 2, padding: 1 },
]

const cases = Object.entries(variants)
  .flatMap(([variant, choose]) => problems.map((c) => ({ variant, choose, c })))
  // A software adapter takes seconds to compile a tile, whose rows that fill a block are no other case.
  .filter(({ variant, c }) => variant !== 'tile' || c === problems[0])

function inputs(c: Conv2d) {
  const { oh, ow } = outputSize(c)
  const rows = c.n * oh * ow
  return {
    rows,
    x: paddedNoise('x', c.n * c.h * c.w, c.ci),
    w: paddedNoise('w', c.kernel ** 2 * c.ci, c.co),
    shortcut: paddedNoise('shortcut', rows, c.co),
    gamma: paddedNoise('gamma', 1, c.co),
    beta: paddedNoise('beta', 1, c.co),
    runningMean: paddedNoise('mean', 1, c.co),
    runningVariance: paddedNoise('variance', 1, c.co).map((v) => Math.fround(1.5 + v)),
  }
}

test.each(cases)(
  '$variant: moments of $c.n images of $c.h × $c.w finish as the batch norm of the result',
  async ({ choose, c }) => {
    const { rows, x, w, gamma, beta, runningMean, runningVariance } = inputs(c)
    const b = { rows, channels: c.co }
    const variant = choose(c)
    const { moments, block } = momentsLeft(variant, c)
    const contents = { x, w, y: rows * c.co, parts: moments.parts * 2 * c.co }
    const forward = await runKernel(device, conv2dForward(c, variant, { kind: 'moments' }), contents)
    const y = Float64Array.from(output(forward, 'y'))
    const plain = await runKernel(device, conv2dForward(c, variant), { x, w, y: rows * c.co })
    expect(output(forward, 'y')).toEqual(output(plain, 'y'))

    const expected = batchNormTraining(b, y, gamma, beta, runningMean, runningVariance)
    const few = { parts: output(forward, 'parts'), saved: 2 * c.co, runningMean, runningVariance }
    expect(fewerMoments(b, moments, block)).toBeNull()
    const finished = await runKernel(device, batchNormFinish(b, moments), few)
    expect(relativeError(output(finished, 'runningMean'), expected.runningMean)).toBeLessThan(16 * epsilon)
    expect(relativeError(output(finished, 'runningVariance'), expected.runningVariance)).toBeLessThan(32 * epsilon)
    const deviation = output(finished, 'saved').subarray(c.co)
    expect(relativeError(deviation, expected.inverseDeviation)).toBeLessThan(32 * epsilon)
  },
)

test.each(Object.entries(variants))(
  '%s: in f16 images are stored rounded, and their moments are those of the sums before that',
  async (_, choose) => {
    const c = problems[0]!
    const { rows, x, w } = inputs(c)
    const variant = choose(c)
    const contents = {
      x: asStored(x, 'f16'),
      w,
      y: rows * c.co,
      parts: momentsLeft(variant, c).moments.parts * 2 * c.co,
    }
    const plain = await runKernel(device, conv2dForward(c, variant, { kind: 'moments' }), contents)
    const half = await runKernel(device, conv2dForward({ ...c, type: 'f16' }, variant, { kind: 'moments' }), contents)
    expect(output(half, 'parts')).toEqual(output(plain, 'parts'))
    expect(output(half, 'y')).toEqual(output(plain, 'y').map(Math.f16round))
  },
)

test.each(Object.entries(variants))(
  '%s: moments of more parts than finish well are merged first',
  async (_, choose) => {
    const c: Conv2d = { n: 1, h: 103, w: 101, ci: 4, co: 4, kernel: 1, stride: 1, padding: 0 }
    const { rows, x, w, gamma, beta, runningMean, runningVariance } = inputs(c)
    const b = { rows, channels: c.co }
    // The smallest blocks there are, so that there are parts enough.
    const chosen = choose(c)
    const variant: ProductVariant = chosen.kind === 'broadcast' ? { ...chosen, rows: chosen.lanes } : chosen
    const { moments, block } = momentsLeft(variant, c)
    const forward = conv2dForward(c, variant, { kind: 'moments' })
    const left = await runKernel(device, forward, { x, w, y: rows * c.co, parts: moments.parts * 2 * c.co })
    const fewer = fewerMoments(b, moments, block)
    if (!fewer) throw new Error(`${moments.parts} parts count as few`)
    expect(fewer.moments.parts).toBeLessThanOrEqual(256)
    const contents = { parts: output(left, 'parts'), fewer: fewer.moments.parts * 2 * c.co }
    const parts = output(await runKernel(device, fewer.kernel, contents), 'fewer')
    const finish = { parts, saved: 2 * c.co, runningMean, runningVariance }
    const finished = await runKernel(device, batchNormFinish(b, fewer.moments), finish)
    const y = Float64Array.from(output(left, 'y'))
    const expected = batchNormTraining(b, y, gamma, beta, runningMean, runningVariance)
    expect(relativeError(output(finished, 'runningMean'), expected.runningMean)).toBeLessThan(16 * epsilon)
    expect(relativeError(output(finished, 'runningVariance'), expected.runningVariance)).toBeLessThan(32 * epsilon)
  },
)

test.each(cases)(
  '$variant: $c.n images of $c.h × $c.w are normalised by the running statistics on the way out',
  async ({ choose, c }) => {
    const { rows, x, w, ...vectors } = inputs(c)
    const variant = choose(c)
    const plain = await runKernel(device, conv2dForward(c, variant), { x, w, y: rows * c.co })
    const { gamma, beta, runningMean, runningVariance, shortcut } = vectors
    const y = Float64Array.from(output(plain, 'y'))
    const normalised = batchNormEvaluation({ channels: c.co }, y, gamma, beta, runningMean, runningVariance)
    const expected: Record<Tail, Float64Array> = {
      none: normalised,
      relu: normalised.map((v) => Math.max(v, 0)),
      shortcut: normalised.map((v, i) => Math.max(v + shortcut[i]!, 0)),
    }
    const largest = Math.max(...normalised.map(Math.abs), 1)
    for (const tail of variant.kind === 'tile' ? (['shortcut'] as const) : (['none', 'relu', 'shortcut'] as const)) {
      const kernel = conv2dForward(c, variant, { kind: 'normalise', tail })
      const z = output(await runKernel(device, kernel, { x, w, ...vectors, y: rows * c.co }), 'y')
      expect(firstMismatch(z, expected[tail], 16 * epsilon * largest, [rows, c.co])).toBeNull()
    }
  },
)
