/**
 * Curves in columns, as charts want them: `steps` ascending, `values[i]` belongs to `steps[i]`. The server sends a downsampled
 * curve first and increments after it; these functions keep the whole within bounds without ever hiding an extreme.
 */
export interface Point {
  step: number
  /** null where the value was not finite: a diverged loss is a gap, not a zero. */
  value: number | null
}

export interface Curve {
  readonly steps: readonly number[]
  readonly values: readonly (number | null)[]
}

export const emptyCurve: Curve = { steps: [], values: [] }

export function lastStep(curve: Curve): number | undefined {
  return curve.steps.at(-1)
}

/**
 * Appends an increment. From its first step on the increment is authoritative: what the curve had there is replaced, so that
 * an increment that arrives twice, or overlaps, changes nothing.
 * @param points in ascending order of step
 */
export function mergePoints(curve: Curve, points: readonly Point[]): Curve {
  const first = points[0]
  if (!first) return curve
  const keep = lowerBound(curve.steps, first.step)
  return {
    steps: [...curve.steps.slice(0, keep), ...points.map((point) => point.step)],
    values: [...curve.values.slice(0, keep), ...points.map((point) => point.value)],
  }
}

/**
 * Thins a curve to at most `maxPoints`: the first and last points, and of each bucket between them the minimum and the maximum
 * in their order, so that spikes stay visible.
 */
export function thin(curve: Curve, maxPoints: number): Curve {
  const count = curve.steps.length
  if (count <= maxPoints) return curve
  const buckets = Math.max(1, Math.floor((maxPoints - 2) / 2))
  const inner = count - 2
  const kept = [0]
  const at = (i: number): number => curve.values[i] ?? Number.NaN
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = 1 + Math.floor((bucket * inner) / buckets)
    const to = 1 + Math.floor(((bucket + 1) * inner) / buckets)
    let low = from
    let high = from
    for (let i = from + 1; i < to; i++) {
      // A comparison with NaN is false, so a gap at the start of a bucket gives way to the first finite value.
      if (at(i) < at(low) || Number.isNaN(at(low))) low = i
      if (at(i) > at(high) || Number.isNaN(at(high))) high = i
    }
    kept.push(Math.min(low, high))
    if (low !== high) kept.push(Math.max(low, high))
  }
  kept.push(count - 1)
  return { steps: kept.map((i) => curve.steps[i] ?? 0), values: kept.map((i) => curve.values[i] ?? null) }
}

/**
 * Curves over one shared x: `columns[c][i]` is curve c's value at `x[i]`, null where that was not finite, undefined where the
 * curve has no point at all. A line breaks at null and runs on over undefined, as uPlot does it.
 */
export interface AlignedCurves {
  x: number[]
  columns: (number | null | undefined)[][]
}

/** First and last step over all curves; null where none has a point. */
export function stepRange(curves: readonly Curve[]): readonly [number, number] | null {
  const firsts = curves.flatMap((curve) => curve.steps.slice(0, 1))
  const lasts = curves.flatMap((curve) => curve.steps.slice(-1))
  return firsts.length === 0 ? null : [Math.min(...firsts), Math.max(...lasts)]
}

export function alignCurves(curves: readonly Curve[]): AlignedCurves {
  const x = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b)
  const columns = curves.map((curve) => {
    let next = 0
    return x.map((step) => (curve.steps[next] === step ? curve.values[next++] : undefined))
  })
  return { x, columns }
}

/** Index of the first element that is not below `limit`. */
function lowerBound(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}
