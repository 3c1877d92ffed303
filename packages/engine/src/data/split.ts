import { Purpose, wordOfText } from './random.ts'

/**
 * Images of one class that go to validation: a share `valid` of n, rounded, but at least one on each side.
 * n must be at least 2.
 */
export function validCount(n: number, valid: number): number {
  return Math.min(n - 1, Math.max(1, Math.round(n * valid)))
}

/**
 * Splits the images of one class, given by their names in ascending order. Returns validation's positions, ascending.
 *
 * With `shuffle`, each name draws a number of its own from (seed, name) and the smallest go to validation: no platform's
 * directory order plays a part, and an image that is added or removed moves few others from one side to the other.
 * Without it, the last share in name order goes to validation.
 */
export function validPositions(names: readonly string[], valid: number, shuffle: boolean, seed: number): number[] {
  const count = validCount(names.length, valid)
  const positions = names.map((_, position) => position)
  if (!shuffle) return positions.slice(names.length - count)
  const draws = names.map((name) => wordOfText(name, seed, Purpose.split))
  return positions
    .sort((a, b) => (draws[a] as number) - (draws[b] as number) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b)
}
