/** The curve of a range test for a terminal. */
import type { RateCurve, RateSuggestions } from '@sporeprint/engine'

/** Rows of the curve at most, and the width of a bar at the greatest loss that is shown, in characters. */
const most = 30
const width = 40

/** A row for every few rates, with a bar as long as the loss and the rules that suggest a rate in its range; then the suggestions. */
export function curveLines({ rates, losses }: RateCurve, suggestions: RateSuggestions): string[] {
  const every = Math.max(1, Math.ceil(rates.length / most))
  const least = Math.min(...losses)
  // What the loss does on its way out would flatten the rest.
  const greatest = Math.max(Math.min(Math.max(...losses), 2 * (losses[0] ?? 0)), least)
  const found = Object.entries(suggestions) as [keyof RateSuggestions, number | null][]
  const rows = rates.flatMap((rate, i) => {
    if (i % every !== 0) return []
    const next = rates[i + every] ?? Number.POSITIVE_INFINITY
    const marks = found.filter(([, at]) => at !== null && at >= rate && at < next).map(([name]) => name)
    const loss = losses[i] as number
    const length = Math.max(1, Math.round((width * Math.min(loss, greatest)) / greatest))
    const bar = '█'.repeat(length).padEnd(width)
    return [`${rate.toExponential(1)}  ${loss.toFixed(4).padStart(8)}  ${bar}  ${marks.join(', ')}`.trimEnd()]
  })
  const named = found.map(([name, at]) => `${name.padEnd(8)} ${at === null ? 'nothing' : at.toExponential(2)}`)
  return ['   rate      loss', ...rows, '', ...named]
}
