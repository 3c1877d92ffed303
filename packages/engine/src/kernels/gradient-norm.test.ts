import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { packStep } from '../train/step-scalars.ts'
import { clipFactor, squareParts, squareSums } from './gradient-norm.ts'
import { initialLossScale, lossScaleWords } from './loss-scale.ts'
import { epsilon, output, paddedNoise, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const scalars = { seed: 1, step: 3, update: 1, beta1: 0.9, beta2: 0.99, epsilon: 1e-5, decay: 0, rates: [1] }

/** Two stretches: one of a single part, one of 4096 parts of which the first seven are longer. */
const lengths = [64, 4 * (4096 * 64 + 7)]

/** What clipping makes of these gradients, each times `gradientScale` and, with a loss scale, over that. */
async function clipOf(
  clipNorm: number,
  {
    gradientScale = 1,
    lossScale = 0,
    overflow = false,
  }: { gradientScale?: number; lossScale?: number; overflow?: boolean } = {},
) {
  const step = packStep({ ...scalars, clipNorm, gradientScale })
  const words = initialLossScale()
  words[lossScaleWords.unscale] = overflow ? 0 : 1 / lossScale
  const sums = []
  for (const elements of lengths) {
    const gradient = paddedNoise(`gradient ${elements}`, elements / 4, 4).map((g) => g * (lossScale || 1))
    const kernel = squareSums(elements, lossScale > 0)
    const contents = { gradient, step, lossScale: words, sums: squareParts(elements) }
    sums.push(output(await runKernel(device, kernel, contents), 'sums'))
  }
  const [sums0, sums1] = sums as [Float32Array, Float32Array]
  const contents = { step, sums0, sums1, clip: 4 }
  const clip = output(await runKernel(device, clipFactor(lengths.map(squareParts)), contents), 'clip')
  return { factor: clip[0]!, norm: clip[1]! }
}

const exact = Math.sqrt(
  lengths
    .flatMap((elements) => [...paddedNoise(`gradient ${elements}`, elements / 4, 4)])
    .reduce((sum, g) => sum + g * g, 0),
)
// Positive terms: an error of at most one rounding for each of the 64 + 64 + 64 additions behind another, halved by the root.
const bound = (192 / 2) * epsilon

test('the norm is that of all stretches together, and what is above the bound is scaled down to it', async () => {
  const { factor, norm } = await clipOf(2)
  expect(Math.abs(norm / exact - 1)).toBeLessThan(bound)
  expect(Math.abs((factor * exact) / 2 - 1)).toBeLessThan(2 * bound)
})

test('gradients below the bound are left alone', async () => {
  expect((await clipOf(exact * 1.001)).factor).toBe(1)
})

test('the norm is of the mean of gathered gradients, and knows no loss scale', async () => {
  const plain = await clipOf(2)
  const gathered = await clipOf(2, { gradientScale: 1 / 4 })
  expect(gathered.norm).toBe(plain.norm / 4)
  expect(await clipOf(2, { lossScale: 65536 })).toEqual(plain)
  // A step that overflowed has no norm, and makes no update.
  expect(await clipOf(2, { lossScale: 65536, overflow: true })).toEqual({ factor: 1, norm: 0 })
})
