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
  if (!shuffle) return names.map((_, position) => position).slice(names.length - count)
  return drawn(names, seed).slice(0, count).sort(ascending)
}

export interface FoldOptions {
  folds: number
  /** Which of them, from 0. */
  fold: number
  /** Deal the images to the folds as they are drawn by name and seed, rather than in name order. */
  shuffle: boolean
  seed: number
  /** The fold that the first image goes to, modulo `folds`: where the class before ended, so that all folds are of one size. */
  first: number
}

/**
 * The images of one class that a fold of a stratified cross-validation holds out, as `validPositions`: dealt to the folds in turn, so that
 * each is in exactly one fold, and folds differ by at most one image.
 */
export function foldPositions(names: readonly string[], { folds, fold, shuffle, seed, first }: FoldOptions): number[] {
  const order = shuffle ? drawn(names, seed) : names.map((_, position) => position)
  return order.filter((_, rank) => (first + rank) % folds === fold).sort(ascending)
}

/** The positions of `names`, by the numbers that they draw. */
function drawn(names: readonly string[], seed: number): number[] {
  const draws = names.map((name) => wordOfText(name, seed, Purpose.split))
  return names.map((_, position) => position).sort((a, b) => (draws[a] as number) - (draws[b] as number) || a - b)
}

const ascending = (a: number, b: number): number => a - b
