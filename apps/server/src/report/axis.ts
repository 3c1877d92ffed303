/** Round numbers, 1, 2 or 5 · 10ᵏ apart, within [low, high]: about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) as number) * power
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  // Multiples rather than sums: 0.1 + 0.2 is no tick.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/** A tick's text: 0.25, 12, 2e-3. */
export function tickText(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return value.toExponential(1).replace('.0e', 'e')
  return String(Number(value.toPrecision(6)))
}
