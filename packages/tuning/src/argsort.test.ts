import { expect, test } from 'vitest'
import { argsort } from './argsort.ts'
import { mulberry32 } from './testing/formula.ts'

test('indices are sorted by value, the lower of equals first, −0 as 0, and NaN last', () => {
  const values = Float64Array.of(Number.NaN, 3, -0, 0, -2, Infinity, -Infinity, 3, 1e-310, -1e-310, -0)
  expect([...argsort(values)]).toEqual([6, 4, 9, 2, 3, 10, 8, 1, 7, 5, 0])
  expect([...argsort(new Float64Array())]).toEqual([])
})

test('thousands of values are sorted as a stable sort by comparison does it', () => {
  const draw = mulberry32(3)
  // Of every magnitude and sign, a third of them equal to others.
  const values = Float64Array.from({ length: 5000 }, () => {
    const value = (draw() - 0.5) * 10 ** Math.floor(60 * (draw() - 0.5))
    return draw() < 0.3 ? Math.sign(value) : value
  })
  const expected = Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number))
  expect([...argsort(values)]).toEqual(expected)
})
