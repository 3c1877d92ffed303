import { describe, expect, test } from 'vitest'
import { type Augmentation, augmentationPresets, resolveAugmentation } from './augmentation.ts'
import { type Draw, drawImage, policyOperations } from './draw.ts'

const size = 64
const draws = (a: Augmentation, n = 4000, seed = 1, epoch = 0): Draw[] =>
  Array.from({ length: n }, (_, image) => drawImage(a, size, { seed, epoch, image }))

const share = (all: readonly Draw[], holds: (draw: Draw) => boolean): number => all.filter(holds).length / all.length

/** Five standard deviations of a share p of n. */
const spread = (p: number, n: number): number => 5 * Math.sqrt((p * (1 - p)) / n)

/** That numbers are spread evenly over an interval, by their mean and their extremes. */
function expectUniform(values: number[], min: number, max: number): void {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  expect(Math.abs(mean - (min + max) / 2)).toBeLessThan((5 * (max - min)) / Math.sqrt(12 * values.length))
  expect(Math.min(...values)).toBeGreaterThanOrEqual(min)
  expect(Math.max(...values)).toBeLessThanOrEqual(max)
  expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.95 * (max - min))
}

test("the notebook's augmentation draws what its fastai call draws", () => {
  const all = draws(augmentationPresets.notebook)
  const n = all.length
  // Dihedral at .5, one of whose eight is the identity.
  for (let k = 1; k < 8; k++)
    expect(Math.abs(share(all, (d) => d.symmetry === k) - 1 / 16)).toBeLessThan(spread(1 / 16, n))
  for (const happens of [
    (d: Draw) => d.rotate !== 0,
    (d: Draw) => d.zoom.factor !== 1,
    (d: Draw) => d.warp.x !== 0,
    (d: Draw) => d.warp.y !== 0,
  ])
    expect(Math.abs(share(all, happens) - 0.05)).toBeLessThan(spread(0.05, n))
  expect(Math.abs(share(all, (d) => d.brightness !== 0.5) - 0.75)).toBeLessThan(spread(0.75, n))
  expect(Math.abs(share(all, (d) => d.contrast !== 1) - 0.75)).toBeLessThan(spread(0.75, n))
  expect(Math.abs(share(all, (d) => d.erase !== null) - 0.2)).toBeLessThan(spread(0.2, n))
  expect(share(all, (d) => d.crop !== null || d.policy.length > 0)).toBe(0)
})

test('magnitudes are spread evenly over their ranges', () => {
  const always = resolveAugmentation({ preset: 'notebook', rotateP: 1, zoomP: 1, warpP: 1, lightingP: 1, eraseP: 1 })
  const all = draws(always)
  const of = (value: (draw: Draw) => number): number[] => all.map(value)
  expectUniform(
    of((d) => d.rotate),
    -31.25,
    31.25,
  )
  expectUniform(
    of((d) => d.zoom.factor),
    0.75,
    1.8,
  )
  expectUniform(
    of((d) => d.zoom.x),
    0,
    1,
  )
  expectUniform(
    of((d) => d.zoom.y),
    0,
    1,
  )
  expectUniform(
    of((d) => d.warp.x),
    -0.1875,
    0.1875,
  )
  expectUniform(
    of((d) => d.warp.y),
    -0.1875,
    0.1875,
  )
  expectUniform(
    of((d) => d.brightness),
    0.375,
    0.625,
  )
  expectUniform(
    of((d) => Math.log(d.contrast)),
    Math.log(0.75),
    -Math.log(0.75),
  )
})

test('an erased rectangle is of the area and the aspect asked for, and lies in the image', () => {
  const all = draws(resolveAugmentation({ eraseP: 1, eraseMin: 0.1, eraseMax: 0.2, eraseAspect: 0.5 }))
  for (const { erase } of all) {
    if (!erase) throw new Error('nothing is erased')
    const [width, height] = [erase.right - erase.left, erase.bottom - erase.top]
    expect(Math.min(erase.left, erase.top)).toBeGreaterThanOrEqual(0)
    expect(Math.max(erase.right, erase.bottom)).toBeLessThanOrEqual(size)
    // Sides are rounded to pixels: half a pixel of 14 at least.
    expect((width * height) / size ** 2).toBeGreaterThan(0.1 * (1 - 0.5 / 14) ** 2)
    expect((width * height) / size ** 2).toBeLessThan(0.2 * (1 + 0.5 / 14) ** 2)
    expect(width / height).toBeGreaterThan(0.5 * (1 - 1 / 14))
    expect(width / height).toBeLessThan(2 * (1 + 1 / 14))
  }
  expectUniform(
    all.map(({ erase }) => (erase?.left ?? 0) / (size - (erase?.right ?? 0) + (erase?.left ?? 0))),
    0,
    1,
  )
})

test('a crop has the area and the aspect of RandomResizedCrop, and lies in the image', () => {
  const crops = draws(resolveAugmentation({ cropP: 1 })).map(({ crop }) => crop)
  // Only an area close to the whole may find no aspect that fits in ten tries.
  expect(crops.filter((crop) => crop === null).length / crops.length).toBeLessThan(0.01)
  const cut = crops.filter((crop) => crop !== null)
  for (const { x, y, width, height } of cut) {
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
    expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1 + 1e-12)
    expect(width * height).toBeGreaterThanOrEqual(0.08 - 1e-12)
    expect(width / height).toBeGreaterThanOrEqual(3 / 4 - 1e-12)
    expect(width / height).toBeLessThanOrEqual(4 / 3 + 1e-12)
  }
  expectUniform(
    cut.map(({ x, width }) => x / (1 - width)),
    0,
    1,
  )
  expect(draws(resolveAugmentation({ cropP: 0.25 })).filter(({ crop }) => crop).length / 4000).toBeCloseTo(0.25, 1)
})

test('a policy draws as many operations as asked for, each as often, at its magnitude with either sign', () => {
  const operations = draws(resolveAugmentation({ policyCount: 2, policyMagnitude: 7 })).flatMap(({ policy }) => policy)
  expect(operations).toHaveLength(8000)
  for (const known of policyOperations) {
    const often = operations.filter(({ name }) => name === known).length / operations.length
    expect(Math.abs(often - 0.1)).toBeLessThan(spread(0.1, operations.length))
  }
  expect(new Set(operations.map(({ strength }) => strength))).toEqual(new Set([0.7, -0.7]))
})

describe('a draw', () => {
  const a = resolveAugmentation({ preset: 'notebook', rotateP: 0.5, cropP: 0.5, policyCount: 1 })

  test('belongs to its seed, epoch and image, whatever was drawn before', () => {
    const of = { seed: 3, epoch: 4, image: 5 }
    const alone = drawImage(a, size, of)
    draws(a, 10, 3, 4).reverse()
    expect(drawImage(a, size, of)).toEqual(alone)
    for (const other of [{ seed: 4 }, { epoch: 5 }, { image: 6 }])
      expect(drawImage(a, size, { ...of, ...other }).key).not.toEqual(alone.key)
  })

  test('of one transform does not depend on another', () => {
    const without = draws({ ...a, warpP: 0, flipP: 0, cropP: 0, policyCount: 0, eraseP: 0 }, 100)
    expect(without.map(({ rotate, zoom, contrast }) => [rotate, zoom, contrast])).toEqual(
      draws(a, 100).map(({ rotate, zoom, contrast }) => [rotate, zoom, contrast]),
    )
  })
})
