/**
 * Learning rates that a range test suggests, by the four rules of fastai: on the smoothed losses of a sweep of rising rates, of
 * which the first tenth and the last five are left out. Source: fastai 2, callback.schedule; the range test is Smith's (Cyclical
 * Learning Rates, 2017).
 */

export interface RateCurve {
  /** Rising. */
  rates: readonly number[]
  /** Debiased exponential mean of the losses at these rates. */
  losses: readonly number[]
}

/** Null where the curve is too short for a rule, or it finds nothing. */
export interface RateSuggestions {
  /** A third and a sixth into the longest run of falling losses: a rate to train with. */
  valley: number | null
  /** Where the loss falls fastest against the logarithm of the rate. */
  steep: number | null
  /** A tenth of the rate of least loss. */
  minimum: number | null
  /** The last place before the loss goes its wild ways, looking back from the end. */
  slide: number | null
}

/** Steps at the end of a sweep that no rule looks at: the loss is leaving. */
const tail = 5
/** What `slide` compares lies so many steps apart. */
const slideSpan = 15
/** Slopes that differ by no more are the same to `slide`. */
const slideTolerance = 0.005

/** `steps`: how many the sweep was to have, of which the first tenth is left out. It may have ended early. */
export function suggestRates({ rates, losses }: RateCurve, steps: number): RateSuggestions {
  const from = Math.floor(steps / 10)
  const to = rates.length - tail
  const kept = rates.map((rate, i) => ({ rate, loss: losses[i] ?? Number.NaN })).slice(from, Math.max(from, to))
  const curve = kept.filter(({ loss }) => !Number.isNaN(loss))
  const [r, l] = [curve.map(({ rate }) => rate), curve.map(({ loss }) => loss)]
  return { valley: valley(r, l), steep: steep(r, l), minimum: minimum(r, l), slide: slide(r, l) }
}

/** A rate to train with, and the range around it that is worth a search. */
export interface RateRange {
  rate: number
  low: number
  high: number
}

/** Up to so many steps a run wants the rate of least loss itself, from so many on a tenth of it. */
const [fewSteps, manySteps] = [60, 600]
/** How far the range reaches to either side at least, and above the rate of least loss, where training breaks down before long. */
const [reach, beyond] = [5, 2]

/**
 * What a sweep says to a run of `steps` steps. fastai's rule, a tenth of the rate of least loss, is for long runs. A short one needs a
 * greater rate to come as far: heads and whole networks on photographs did best where rate × steps was the same, from 48 steps to 750
 * (docs/tuning.md). Null where the sweep found no least loss.
 */
export function rateRange({ minimum }: RateSuggestions, steps: number): RateRange | null {
  if (minimum === null) return null
  const least = 10 * minimum
  const rate = (least * fewSteps) / Math.min(Math.max(steps, fewSteps), manySteps)
  return { rate, low: rate / reach, high: Math.max(rate * reach, least * beyond) }
}

function valley(rates: number[], losses: number[]): number | null {
  // lengths[i]: of the longest falling subsequence that ends at i.
  const lengths = losses.map(() => 1)
  let end = 0
  for (const [i, loss] of losses.entries()) {
    for (let j = 0; j < i; j++)
      if (loss < (losses[j] as number)) lengths[i] = Math.max(lengths[i] as number, (lengths[j] as number) + 1)
    if ((lengths[i] as number) > (lengths[end] as number)) end = i
  }
  const length = lengths[end]
  if (length === undefined || length < 2) return null
  // The subsequence is taken for a run that ends where it ends.
  return rates[Math.max(0, end - length) + Math.floor(length / 3) + Math.floor(length / 6)] ?? null
}

function steep(rates: number[], losses: number[]): number | null {
  const slopes = losses.slice(1).map((loss, i) => {
    const rise = Math.log(rates[i + 1] as number) - Math.log(rates[i] as number)
    return (loss - (losses[i] as number)) / rise
  })
  const at = leastAt(slopes)
  return at === null || (slopes[at] as number) >= 0 ? null : (rates[at] as number)
}

function minimum(rates: number[], losses: number[]): number | null {
  const at = leastAt(losses)
  return at === null ? null : (rates[at] as number) / 10
}

function slide(rates: number[], losses: number[]): number | null {
  const count = losses.length
  if (count < slideSpan + 2) return null
  // Central differences, one-sided at the ends.
  const slopes = losses.map((_, i) => {
    const [before, after] = [Math.max(0, i - 1), Math.min(count - 1, i + 1)]
    return ((losses[after] as number) - (losses[before] as number)) / (after - before)
  })
  let right = count - 1
  let found = right - slideSpan
  for (let left = found; left >= 0; left--, right--) {
    if (Math.abs((slopes[right] as number) - (slopes[left] as number)) <= slideTolerance) break
    found = left
  }
  return rates[found] as number
}

/** Where the least value is, the first of equals; null of nothing. */
function leastAt(values: readonly number[]): number | null {
  if (values.length === 0) return null
  return values.reduce((least, value, i) => (value < (values[least] as number) ? i : least), 0)
}
