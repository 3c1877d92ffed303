import { expect, test } from 'vitest'
import type { ImageSource } from './image-source.ts'
import { thinned } from './views.ts'

/** Images of one pixel, each of its own number; the fourth cannot be read. */
const source: ImageSource = {
  size: 1,
  length: 10,
  classes: ['a', 'b'],
  labels: Uint32Array.from({ length: 10 }, (_, i) => (i < 5 ? 0 : 1)),
  paths: Array.from({ length: 10 }, (_, i) => `${i}.png`),
  read: async (indices, out) => {
    for (const [i, index] of Array.from(indices).entries()) out[4 * i] = index
    return Array.from(indices).flatMap((index, i) => (index === 3 ? [i] : []))
  },
}

test('a thinned source has some of the images, evenly spread, with their labels, paths and failures', async () => {
  const few = thinned(source, 3)
  expect(few).toMatchObject({ length: 3, labels: Uint32Array.of(0, 0, 1), paths: ['0.png', '3.png', '6.png'] })
  const out = new Uint8Array(8)
  expect(await few.read([2, 1], out)).toEqual([1])
  expect([out[0], out[4]]).toEqual([6, 3])
  expect(thinned(source, 10)).toBe(source)
})
