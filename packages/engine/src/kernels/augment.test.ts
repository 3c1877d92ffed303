import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { augmentationPresets } from '../augment/augmentation.ts'
import { type Draw, drawImage } from '../augment/draw.ts'
import type { Mix } from '../augment/mix.ts'
import { type Transform, transformOf } from '../augment/transform.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { augment as reference } from '../reference/augment.ts'
import { augment, augmentWords, packTransform } from './augment.ts'
import { normalise } from './elementwise.ts'
import type { ActivationType } from './kernel.ts'
import { pcg4d } from './random.ts'
import { epsilon, firstMismatch, output, runKernel, storedBound } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]

/** Noise: neighbouring pixels have nothing in common, so that a wrong one shows. */
const noisePixels = (batch: number, source: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: 4 * batch * source ** 2 }, (_, i) => (i % 4 === 3 ? 255 : pcg4d(i, 1, 2, 3)[0] >>> 24))

/** What is drawn when nothing is. */
const still: Draw = {
  crop: null,
  symmetry: 0,
  rotate: 0,
  zoom: { factor: 1, x: 0.5, y: 0.5 },
  warp: { x: 0, y: 0 },
  policy: [],
  brightness: 0.5,
  contrast: 1,
  erase: null,
  key: [5, 6],
}

interface Case {
  source: number
  size: number
  draws: Partial<Draw>[]
  mixes?: Mix[]
  type?: ActivationType
}

const transformsOf = ({ source, size, draws }: Case): Transform[] =>
  draws.map((draw) => transformOf({ ...still, ...draw }, { source, size }))

async function run(
  c: Case,
  pixels = noisePixels(c.draws.length, c.source),
  window = { first: 0, images: c.draws.length },
): Promise<Float32Array<ArrayBuffer>> {
  const { source, size, mixes } = c
  const batch = c.draws.length
  const draws = new Uint32Array(batch * augmentWords)
  for (const [n, transform] of transformsOf(c).entries()) packTransform(draws, n, transform, mixes?.[n] ?? null)
  const kernel = augment({
    ...window,
    source,
    size,
    mean,
    std,
    mixes: mixes !== undefined,
    ...(c.type && { type: c.type }),
  })
  const contents = { pixels: new Uint32Array(pixels.buffer), draws, x: window.images * size ** 2 * 4 }
  return output(await runKernel(device, kernel, contents), 'x')
}

/** As the kernel gets them. */
const rounded = (t: Transform): Transform => ({
  ...t,
  matrix: t.matrix.map(Math.fround) as unknown as Transform['matrix'],
  saturation: Math.fround(t.saturation),
  solarize: Math.fround(t.solarize),
  contrast: Math.fround(t.contrast),
  brightness: Math.fround(t.brightness),
})

const expected = (c: Case, pixels = noisePixels(c.draws.length, c.source)): Float64Array =>
  reference({ pixels, source: c.source, size: c.size, mean, std }, transformsOf(c).map(rounded), c.mixes ?? null)

/**
 * A coordinate is a quotient of two sums of three products; an error of it moves a bilinear value by as much as neighbours differ, 1
 * at most, along both axes, and 1/std magnifies it.
 */
function geometryBound(c: Case): number {
  const errors = transformsOf(c).map(({ matrix: [a, b, tx, d, e, ty, g, h] }) => {
    const most = Math.max(
      Math.abs(a * c.size) + Math.abs(b * c.size) + Math.abs(tx),
      Math.abs(d * c.size) + Math.abs(e * c.size) + Math.abs(ty),
    )
    const bend = Math.abs(g * c.size) + Math.abs(h * c.size)
    const z = 1 - Math.min(bend, 0.9)
    return (8 * epsilon * most * (1 + bend)) / z ** 2
  })
  return (2 * Math.max(...errors) + 16 * epsilon) / 0.224
}

const geometry: Partial<Draw>[] = [
  { rotate: 33, zoom: { factor: 0.6, x: 0.2, y: 0.9 } },
  { symmetry: 6, zoom: { factor: 1.7, x: 1, y: 0 }, rotate: -170 },
  { warp: { x: 0.2, y: -0.1 }, rotate: 5 },
  { crop: { x: 0.1, y: 0.3, width: 0.5, height: 0.6 }, symmetry: 1 },
  {
    policy: [
      { name: 'shearX', strength: 0.7 },
      { name: 'translateY', strength: -1 },
      { name: 'shearY', strength: -0.4 },
    ],
  },
]

describe('geometry is that of the reference', () => {
  test.each([
    { source: 37, size: 29 },
    { source: 32, size: 32 },
    { source: 33, size: 64 },
    { source: 150, size: 33 },
  ])('from $source to $size pixels', async (sides) => {
    const c = { ...sides, draws: geometry }
    expect(firstMismatch(await run(c), expected(c), geometryBound(c), [5, sides.size, sides.size, 4])).toBeNull()
  })

  test('in f16, rounded once more', async () => {
    const c = { source: 37, size: 29, draws: geometry, type: 'f16' as const }
    const values = expected(c)
    expect(firstMismatch(await run(c), values, storedBound(geometryBound(c), values, 'f16'), [5, 29, 29, 4])).toBeNull()
  })

  test('where a warp would turn the image inside out', async () => {
    const c = { source: 32, size: 32, draws: [{ warp: { x: 0.4, y: 0.4 }, zoom: { factor: 0.25, x: 0, y: 0 } }] }
    const values = await run(c)
    expect(values.every(Number.isFinite)).toBe(true)
  })
})

/** Pixels [size, size] of one image, each as its three channels joined, to compare pictures by their pixels. */
const pictures = (x: Float32Array, size: number): string[][] =>
  Array.from({ length: x.length / 4 / size ** 2 }, (_, n) =>
    Array.from({ length: size ** 2 }, (_, i) =>
      x.subarray(4 * (n * size ** 2 + i), 4 * (n * size ** 2 + i) + 3).join(),
    ),
  )

describe('what is known of some transforms without a reference', () => {
  test.each(['f32', 'f16'] as const)('nothing drawn gives the very bits of normalise, in %s', async (type) => {
    const size = 33
    const pixels = noisePixels(2, size)
    const contents = { pixels: new Uint32Array(pixels.buffer), x: pixels.length }
    const plain = output(await runKernel(device, normalise(2 * size ** 2, mean, std, type), contents), 'x')
    expect(await run({ source: size, size, draws: [{}, {}], type })).toEqual(plain)
  })

  test('the eight symmetries exchange pixels exactly, and no two are the same', async () => {
    const size = 33
    const pixels = noisePixels(1, size)
    const eight = new Uint8Array(8 * pixels.length)
    for (let n = 0; n < 8; n++) eight.set(pixels, n * pixels.length)
    const draws = Array.from({ length: 8 }, (_, symmetry) => ({ symmetry }))
    const seen = pictures(await run({ source: size, size, draws }, eight), size)
    const original = seen[0]!
    const last = size - 1
    for (const [symmetry, picture] of seen.entries()) {
      const moved = picture.map((_, i) => {
        let [x, y] = [i % size, Math.floor(i / size)]
        if (symmetry & 4) [x, y] = [y, x]
        if (symmetry & 1) x = last - x
        if (symmetry & 2) y = last - y
        return original[y * size + x]
      })
      expect(picture).toEqual(moved)
    }
    expect(new Set(seen.map(String)).size).toBe(8)
  })

  test('a turn by a quarter is the transposed image, mirrored', async () => {
    const size = 34
    const pixels = noisePixels(1, size)
    const both = new Uint8Array([...pixels, ...pixels])
    const x = await run({ source: size, size, draws: [{ rotate: 90 }, { symmetry: 4 | 2 }] }, both)
    const [turned, transposed] = [x.subarray(0, x.length / 2), x.subarray(x.length / 2)]
    expect(
      firstMismatch(turned, transposed, geometryBound({ source: size, size, draws: [{ rotate: 90 }] }), [
        size,
        size,
        4,
      ]),
    ).toBeNull()
  })

  test('enlarged twice about the centre, every other pixel from a quarter on is one of the image', async () => {
    const size = 33
    const pixels = noisePixels(1, size)
    const both = new Uint8Array([...pixels, ...pixels])
    const x = await run({ source: size, size, draws: [{ zoom: { factor: 2, x: 0.5, y: 0.5 } }, {}] }, both)
    const at = (image: number, px: number, py: number, c: number) => x[4 * ((image * size + py) * size + px) + c]
    for (let i = 0; i < 17 ** 2; i++) {
      const [px, py] = [i % 17, Math.floor(i / 17)]
      for (const c of [0, 1, 2]) expect(at(0, 2 * px, 2 * py, c)).toBe(at(1, px + 8, py + 8, c))
    }
  })

  test('shrunk by 4, a pixel is close to the mean of the sixteen it covers, as an area average is', async () => {
    const [source, size] = [160, 40]
    const pixels = noisePixels(1, source)
    const x = await run({ source, size, draws: [{}] }, pixels)
    const area = new Float64Array(x.length)
    for (let i = 0; i < source ** 2; i++) {
      const [px, py] = [Math.floor((i % source) / 4), Math.floor(i / source / 4)]
      for (const c of [0, 1, 2]) area[4 * (py * size + px) + c]! += (pixels[4 * i + c]! / 255 - mean[c]!) / std[c]! / 16
    }
    const spread = (values: ArrayLike<number>): number =>
      Math.sqrt(Array.from(values).reduce((sum, v) => sum + v ** 2, 0) / values.length)
    const difference = spread(area.map((v, i) => v - x[i]!))
    // White noise is the hardest picture. Three samples a side weigh sixteen pixels by (5, 4, 4, 5) ⊗ (5, 4, 4, 5) / 324 instead of by
    // 1/16: off by .16 of what the average itself varies. A single sample sees four of them, and is off by 1.73.
    const centred = area.map((v, i) => v - [0, 1, 2, 3].map((c) => (c < 3 ? (0.5 - mean[c]!) / std[c]! : 0))[i % 4]!)
    expect(difference).toBeLessThan(0.2 * spread(centred))
  })
})

const colours: Partial<Draw>[] = [
  { brightness: 0.62, contrast: 0.75 },
  { brightness: 0.375, contrast: 1.33 },
  { policy: [{ name: 'saturation', strength: 0.8 }] },
  {
    policy: [
      { name: 'saturation', strength: -1 },
      { name: 'contrast', strength: -0.5 },
    ],
  },
  { policy: [{ name: 'posterize', strength: 1 }] },
  {
    policy: [
      { name: 'solarize', strength: 0.47 },
      { name: 'brightness', strength: 0.3 },
    ],
  },
]

test('lighting, saturation, posterize and solarize are those of the reference on every brightness', async () => {
  const c = { source: 33, size: 33, draws: colours }
  const values = expected(c)
  // σ(c·logit x + b) moves by at most c/4 with its argument, whose own error is a few ε of up to 16; 1/std magnifies it.
  expect(firstMismatch(await run(c), values, (64 * epsilon) / 0.224, [colours.length, 33, 33, 4])).toBeNull()
})

describe('erasing', () => {
  test('puts noise of N(0, 1) into its rectangle and nowhere else, as the reference does', async () => {
    const size = 64
    const erase = { left: 3, top: 10, right: 61, bottom: 64 }
    const c = { source: size, size, draws: [{ erase }, {}] }
    const x = await run(c)
    // Box & Muller: √(−2 ln u) to a few ulp, cos of up to 2π to 2⁻¹¹ absolutely, which is what WGSL promises.
    expect(firstMismatch(x, expected(c), 6 * 2 ** -11, [2, size, size, 4])).toBeNull()
    const inside = [...x.keys()].filter((i) => {
      const [px, py] = [(i >> 2) % size, Math.floor(i / 4 / size)]
      return i % 4 < 3 && px >= erase.left && px < erase.right && py >= erase.top && py < erase.bottom
    })
    const values = inside.map((i) => x[i]!)
    const n = values.length
    const average = values.reduce((a, b) => a + b) / n
    const variance = values.reduce((sum, v) => sum + (v - average) ** 2, 0) / n
    expect(Math.abs(average)).toBeLessThan(5 / Math.sqrt(n))
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
  })
})

describe('mixing', () => {
  test('MixUp and CutMix take the partner as its own transform has made it', async () => {
    const mixes: Mix[] = [
      { partner: 2, share: 0.7, box: null },
      { partner: 0, share: 0.5, box: { left: 0, top: 5, right: 20, bottom: 29 } },
      { partner: 1, share: 1, box: { left: 4, top: 4, right: 4, bottom: 9 } },
    ]
    const c = { source: 37, size: 29, draws: [geometry[0]!, { symmetry: 3 }, geometry[2]!], mixes }
    expect(firstMismatch(await run(c), expected(c), geometryBound(c), [3, 29, 29, 4])).toBeNull()
  })

  test('an image mixed with nothing has the bits of one that is not mixed', async () => {
    const alone = { source: 32, size: 32, draws: [geometry[0]!, geometry[2]!] }
    const mixes = [1, 0].map((partner): Mix => ({ partner, share: 1, box: null }))
    expect(await run({ ...alone, mixes })).toEqual(await run(alone))
  })
})

test('a window of a batch has the bits of the whole, partners outside of it included', async () => {
  const mixes = [2, 0, 1].map((partner): Mix => ({ partner, share: 0.6, box: null }))
  const c = { source: 33, size: 40, draws: [geometry[0]!, geometry[2]!, { symmetry: 5 }], mixes }
  const whole = await run(c)
  const part = await run(c, undefined, { first: 1, images: 2 })
  expect(part).toEqual(whole.subarray(whole.length / 3))
})

test('what the presets draw is finite and in bounds at the size of a network', async () => {
  const draws = Object.values(augmentationPresets).flatMap((preset) =>
    Array.from({ length: 4 }, (_, image) => drawImage(preset, 48, { seed: 1, epoch: 0, image })),
  )
  const c = { source: 48, size: 48, draws: draws.map((draw) => ({ ...draw, erase: null })) }
  const x = await run(c)
  for (const channel of [0, 1, 2]) {
    const values = x.filter((_, i) => i % 4 === channel)
    expect(Math.min(...values)).toBeGreaterThanOrEqual((0 - mean[channel]!) / std[channel]! - 1e-5)
    expect(Math.max(...values)).toBeLessThanOrEqual((1 - mean[channel]!) / std[channel]! + 1e-5)
  }
})
