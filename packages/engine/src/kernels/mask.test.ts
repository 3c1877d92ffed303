import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { masked } from '../reference/mask.ts'
import { normalise } from './elementwise.ts'
import { type Mask, mask, maskHeader } from './mask.ts'
import { pcg4d } from './random.ts'
import { epsilon, firstMismatch, output, runKernel, storedBound } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const mean = [0.485, 0.456, 0.406]
const std = [0.229, 0.224, 0.225]
const draw = (i: number, purpose: number): number => pcg4d(i, purpose, 0, 0)[0]

/** Random pictures, labels and bits of a whole batch. */
function problem(pixels: number, segments: number, batch: number) {
  const bytes = (purpose: number) => Uint8Array.from({ length: 4 * pixels }, (_, i) => draw(i, purpose))
  const [image, hidden] = [bytes(1), bytes(2)]
  const labels = Uint32Array.from({ length: pixels }, (_, p) => draw(p, 3) % segments)
  // The last segment is in use, whose bit is the last one.
  labels[pixels - 1] = segments - 1
  const stride = Math.ceil(segments / 32)
  const masks = Uint32Array.from({ length: maskHeader + batch * stride }, (_, i) => draw(i, 4))
  masks[0] = stride
  const isShown = (s: number, f: number): boolean =>
    ((masks[maskHeader + s * stride + Math.floor(f / 32)]! >>> (f % 32)) & 1) === 1
  const packed = new Uint32Array(Uint8Array.from([...image, ...hidden]).buffer)
  return { contents: { pixels: packed, labels, masks }, image, hidden, labels, isShown }
}

const cases: [string, number, number, Partial<Mask> & { batch: number }][] = [
  ['one sample of one pixel', 1, 1, { batch: 1 }],
  ['a size that is a multiple of nothing', 7 * 11, 5, { batch: 3 }],
  ['32 segments, whose last is a sign bit', 64, 32, { batch: 8 }],
  ['33 segments', 65, 33, { batch: 9 }],
  ['more than a thousand segments', 37 * 37, 1031, { batch: 17 }],
  ['a segment for every pixel', 129, 129, { batch: 2 }],
  ['samples from the middle of a batch', 100, 40, { batch: 12, first: 5, images: 6 }],
]

test.each(cases)(
  '%s: the picture where its segment is shown, else what hides it',
  async (_, pixels, segments, part) => {
    const { contents, isShown, ...rest } = problem(pixels, segments, part.batch)
    const { first = 0, images = part.batch } = part
    const kernel = mask({ first, images, pixels, mean, std })
    const x = output(await runKernel(device, kernel, { ...contents, x: 4 * images * pixels }), 'x')
    const expected = masked({ ...rest, mean, std }, images, (s, f) => isShown(first + s, f))
    // unpack4x8unorm may be 3 ulp off, which 1/std magnifies.
    expect(firstMismatch(x, expected, (8 * epsilon) / 0.224, [images, pixels, 4])).toBeNull()
  },
)

test('a sample that shows everything is what normalise makes of the image, to the bit', async () => {
  const { contents } = problem(1000, 70, 2)
  contents.masks.fill(0xffffffff, maskHeader)
  const kernel = mask({ first: 0, images: 2, pixels: 1000, mean, std })
  const x = output(await runKernel(device, kernel, { ...contents, x: 8000 }), 'x')
  const plain = normalise(1000, mean, std)
  const whole = output(await runKernel(device, plain, { pixels: contents.pixels.slice(0, 1000), x: 4000 }), 'x')
  expect(x.subarray(0, 4000)).toEqual(whole)
  expect(x.subarray(4000)).toEqual(whole)
})

test('in f16, samples are those of f32 rounded once more', async () => {
  const { contents, isShown, ...rest } = problem(77, 5, 3)
  const kernel = mask({ first: 0, images: 3, pixels: 77, mean, std, type: 'f16' })
  const x = output(await runKernel(device, kernel, { ...contents, x: 12 * 77 }), 'x')
  const expected = masked({ ...rest, mean, std }, 3, isShown)
  expect(firstMismatch(x, expected, storedBound((8 * epsilon) / 0.224, expected, 'f16'), [3, 77, 4])).toBeNull()
})
