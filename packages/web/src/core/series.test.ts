import { expect, test } from 'vitest'
import { alignCurves, type Curve, emptyCurve, lastStep, mergePoints, stepRange, thin } from './series.ts'

const curve = (...points: [number, number | null][]): Curve => ({
  steps: points.map(([step]) => step),
  values: points.map(([, value]) => value),
})

test('an increment is appended after the points that are there', () => {
  const grown = mergePoints(curve([1, 0.9], [2, 0.8]), [{ step: 3, value: 0.7 }])
  expect(grown).toEqual(curve([1, 0.9], [2, 0.8], [3, 0.7]))
  expect(lastStep(grown)).toBe(3)
})

test('an increment that arrives twice changes nothing', () => {
  const points = [
    { step: 2, value: 0.8 },
    { step: 3, value: 0.7 },
  ]
  const once = mergePoints(curve([1, 0.9]), points)
  expect(mergePoints(once, points)).toEqual(once)
})

test('a run that went back to its checkpoint overwrites what came after it', () => {
  const before = curve([1, 0.9], [2, 0.8], [3, 0.7], [4, 0.6])
  expect(mergePoints(before, [{ step: 3, value: 0.75 }])).toEqual(curve([1, 0.9], [2, 0.8], [3, 0.75]))
})

test('an empty increment leaves the very same curve, so that nothing is drawn again', () => {
  const same = curve([1, 0.9])
  expect(mergePoints(same, [])).toBe(same)
  expect(lastStep(emptyCurve)).toBeUndefined()
})

test('a thinned curve keeps its ends and its extremes within the bound', () => {
  const steps = Array.from({ length: 5000 }, (_, i) => i)
  const values = steps.map((i) => Math.sin(i / 50))
  values[1234] = 40
  values[4321] = -40
  const thinned = thin({ steps, values }, 500)
  expect(thinned.steps.length).toBeLessThanOrEqual(500)
  expect(thinned.steps.length).toBeGreaterThan(400)
  expect([thinned.steps[0], thinned.steps.at(-1)]).toEqual([0, 4999])
  expect(thinned.values[thinned.steps.indexOf(1234)]).toBe(40)
  expect(thinned.values[thinned.steps.indexOf(4321)]).toBe(-40)
  expect(thinned.steps).toEqual([...thinned.steps].sort((a, b) => a - b))
})

test('a curve within the bound is left as it is', () => {
  const short = curve([1, 0.5], [2, null])
  expect(thin(short, 2)).toBe(short)
})

test('a stretch that is not finite does not hide the finite extremes around it', () => {
  const steps = Array.from({ length: 100 }, (_, i) => i)
  const values = steps.map((i) => (i % 3 === 0 ? null : i))
  const thinned = thin({ steps, values }, 12)
  expect(Math.max(...thinned.values.map((value) => value ?? 0))).toBe(98)
})

test('curves of different steps share one x: no point is undefined, and a point that is not finite stays null', () => {
  expect(alignCurves([curve([1, 0.9], [2, null], [3, 0.7]), curve([2, 0.5]), emptyCurve])).toStrictEqual({
    x: [1, 2, 3],
    columns: [
      [0.9, null, 0.7],
      [undefined, 0.5, undefined],
      [undefined, undefined, undefined],
    ],
  })
})

test('the range of steps spans all curves, and is unknown while none has a point', () => {
  expect(stepRange([curve([5, 1], [9, 1]), curve([2, 1]), emptyCurve])).toEqual([2, 9])
  expect(stepRange([emptyCurve])).toBeNull()
})
