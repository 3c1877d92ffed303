/** The f64 reference of augmentation against PyTorch's affine_grid, grid_sample and lighting in logit space. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { reference, transformOf } from './internals.ts'

type Draw = Parameters<typeof transformOf>[0]

interface Golden {
  size: number
  cases: { draw: Partial<Draw>; pixels: number[] }[]
}

const golden: Golden = JSON.parse(await readFile(new URL('../goldens/augmentation.json', import.meta.url), 'utf8'))

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
  key: [0, 0],
}

const { size } = golden
const pixels = Uint8Array.from({ length: 4 * size ** 2 }, (_, i) => {
  const [c, x, y] = [i % 4, (i >> 2) % size, Math.floor(i / 4 / size)]
  return c === 3 ? 255 : (37 * x + 91 * y + 53 * c + x * y) % 256
})

test.each(golden.cases)('$draw is what PyTorch makes of it', ({ draw, pixels: expected }) => {
  const transform = transformOf({ ...still, ...draw }, { source: size, size })
  const shape = { pixels, source: size, size, mean: [0, 0, 0], std: [1, 1, 1] }
  const x = reference.augment(shape, [transform], null).filter((_, i) => i % 4 < 3)
  const worst = Math.max(...x.map((v, i) => Math.abs(v - expected[i]!)))
  // The golden has ten decimals. White is cut off at what f32 holds next to 1, 2e-8 further than PyTorch in double precision.
  expect(worst).toBeLessThan(draw.brightness === undefined ? 2e-10 : 1e-6)
})
