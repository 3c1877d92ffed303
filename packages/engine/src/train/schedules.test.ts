import { expect, test } from 'vitest'
import { afterEpoch, freshPlateau, momentumAt, type Plateau, rateFactor, type Schedule } from './schedules.ts'

const shares = Array.from({ length: 401 }, (_, i) => i / 400)
const at = (schedule: Schedule, points = [0, 0.25, 0.5, 0.75, 1]) =>
  points.map((share) => Number(rateFactor(schedule, { share, epoch: 0 }).toFixed(5)))

/**
 * fastai's own way to say it: annealings with a start and an end, each over its stretch of the phase. A position belongs to the
 * last stretch that begins at or before it.
 */
const schedCos = (start: number, end: number) => (p: number) =>
  start + ((1 + Math.cos(Math.PI * (1 - p))) * (end - start)) / 2
function combined(lengths: readonly number[], schedules: readonly ((p: number) => number)[]) {
  const begins = [0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))]
  return (p: number): number => {
    const index = Math.min(
      begins.findLastIndex((begin) => p >= begin),
      schedules.length - 1,
    )
    const begin = begins[index]!
    return schedules[index]!((p - begin) / (begins[index + 1]! - begin))
  }
}
const combinedCos = (pct: number, start: number, middle: number, end: number) =>
  combined([pct, 1 - pct], [schedCos(start, middle), schedCos(middle, end)])

test.each([0.25, 0.3, 0.39954565320066476, 0.5, 0.75, 0.99])(
  'flat_cos and one_cycle are fastai’s at every position, turning at %s',
  (pctStart) => {
    const fastai = {
      flat_cos: combinedCos(pctStart, 1, 1, 1e-5),
      one_cycle: combinedCos(pctStart, 1 / 25, 1, 1e-5),
      one_cycle_div_5: combinedCos(pctStart, 1 / 5, 1, 1e-5),
      momentum: combinedCos(pctStart, 0.95, 0.85, 0.95),
    }
    for (const share of shares) {
      const position = { share, epoch: 0 }
      expect(rateFactor({ name: 'flat_cos', pctStart }, position)).toBeCloseTo(fastai.flat_cos(share), 12)
      expect(rateFactor({ name: 'one_cycle', pctStart }, position)).toBeCloseTo(fastai.one_cycle(share), 12)
      expect(rateFactor({ name: 'one_cycle', pctStart, div: 5 }, position)).toBeCloseTo(
        fastai.one_cycle_div_5(share),
        12,
      )
      expect(momentumAt({ name: 'one_cycle', pctStart }, position, 0.9)).toBeCloseTo(fastai.momentum(share), 12)
    }
  },
)

test('flat_cos holds the rate until pctStart, by default three quarters, and then falls along a cosine', () => {
  expect(at({ name: 'flat_cos', pctStart: 0.5 })).toEqual([1, 1, 1, 0.50001, 0.00001])
  expect(at({ name: 'flat_cos' })).toEqual([1, 1, 1, 1, 0.00001])
})

test('one_cycle rises from 1/25 until pctStart, by default a quarter, and falls to 1e-5', () => {
  expect(at({ name: 'one_cycle' })).toEqual([0.04, 1, 0.75, 0.25001, 0.00001])
})

test('cosine falls all the way, constant never', () => {
  expect(at({ name: 'cosine' })).toEqual([1, 0.85355, 0.50001, 0.14646, 0.00001])
  expect(at({ name: 'constant' })).toEqual([1, 1, 1, 1, 1])
})

test('a warm-up rises linearly from 0, and the cosine falls over what is left', () => {
  expect(at({ name: 'cosine', warmup: 0.5 })).toEqual([0, 0.5, 1, 0.50001, 0.00001])
  expect(at({ name: 'constant', warmup: 0.75 }, [0, 0.25, 0.5, 0.75, 1])).toEqual([0, 0.33333, 0.66667, 1, 1])
})

test('step multiplies by gamma every few epochs, exponential after each', () => {
  const epochs = [0, 1, 2, 3, 4, 5, 6]
  const factors = (schedule: Schedule) => epochs.map((epoch) => rateFactor(schedule, { share: 0.5, epoch }))
  expect(factors({ name: 'step', stepEpochs: 3, gamma: 0.5 })).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25])
  expect(factors({ name: 'exponential', gamma: 0.5 })).toEqual([1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625])
})

/** The factor in each epoch, as its validation loss becomes known at its end. */
function plateauFactors(schedule: Omit<Schedule, 'name'>, losses: readonly number[]): number[] {
  let plateau: Plateau = freshPlateau
  return losses.map((loss) => {
    const { factor } = plateau
    plateau = afterEpoch(plateau, { name: 'plateau', ...schedule }, loss)
    return factor
  })
}

test('plateau reduces the rate as PyTorch does: once more epochs than its patience have brought nothing better', () => {
  const schedule = { gamma: 0.5, plateauPatience: 1 }
  // Best 1; two bad epochs are one more than is borne; the count begins anew.
  expect(plateauFactors(schedule, [1, 1, 1, 1, 1, 0.5, 0.6, 0.6, 0.6])).toEqual([
    1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125,
  ])
  // Better by less than a ten-thousandth is not better; a NaN never is.
  expect(plateauFactors(schedule, [1, 0.99995, 0.99991, 0])).toEqual([1, 1, 1, 0.5])
  expect(plateauFactors({ ...schedule, threshold: 0 }, [1, 0.99995, 0.99991, 0])).toEqual([1, 1, 1, 1])
  expect(plateauFactors({ gamma: 0.1, plateauPatience: 0 }, [1, Number.NaN, 0])).toEqual([1, 1, 0.1])
})

test('momentum moves against the rate in one_cycle and not elsewhere', () => {
  const momenta = [0, 0.25, 1].map((share) => momentumAt({ name: 'one_cycle' }, { share, epoch: 0 }, 0.9))
  expect(momenta).toEqual([0.95, 0.85, 0.95])
  expect(momentumAt({ name: 'flat_cos' }, { share: 0.5, epoch: 0 }, 0.9)).toBe(0.9)
})

test('a phase that is all rise, all flat or all warm-up divides by nothing', () => {
  const end = { share: 1, epoch: 0 }
  expect(rateFactor({ name: 'flat_cos', pctStart: 1 }, end)).toBe(1)
  expect(rateFactor({ name: 'one_cycle', pctStart: 1 }, end)).toBe(1)
  expect(rateFactor({ name: 'one_cycle', pctStart: 0 }, { share: 0, epoch: 0 })).toBe(1)
  expect(rateFactor({ name: 'cosine', warmup: 1 }, end)).toBe(1)
})
