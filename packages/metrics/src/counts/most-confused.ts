import type { ConfusionMatrix } from './confusion.ts'

/** One kind of mistake, and how often it was made. */
export interface Confused {
  actual: number
  predicted: number
  count: number
}

/**
 * The mistakes made at least `least` times, most frequent first; equally frequent ones row by row, as fastai's most_confused
 * lists them. Classes are indices.
 */
export function mostConfused(confusion: ConfusionMatrix, least = 1): Confused[] {
  const mistakes: Confused[] = []
  for (const [actual, row] of confusion.entries()) {
    for (const [predicted, count] of row.entries()) {
      if (actual !== predicted && count > 0 && count >= least) mistakes.push({ actual, predicted, count })
    }
  }
  return mistakes.sort((a, b) => b.count - a.count)
}
