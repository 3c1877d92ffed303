/** Learning-rate schedules as functions of the position in a phase, 0 at its first step and 1 at its end (as fastai's). */

export type ScheduleName = 'flat_cos' | 'one_cycle' | 'cosine' | 'constant'

export const scheduleNames: readonly ScheduleName[] = ['flat_cos', 'one_cycle', 'cosine', 'constant']

/** Cosine from `start` at p = 0 to `end` at p = 1. */
const cosine = (start: number, end: number, p: number): number =>
  start + ((1 + Math.cos(Math.PI * (1 - p))) * (end - start)) / 2

/** Fraction of the peak rate to which annealing ends. */
const floor = 1e-5

/**
 * The factor on the peak learning rate at `position` ∈ [0, 1].
 * flat_cos: flat until `pctStart`, then a cosine down. one_cycle: a cosine up from 1/25 until `pctStart`, then one down.
 */
export function rateFactor(schedule: ScheduleName, position: number, pctStart: number): number {
  const p = Math.min(Math.max(position, 0), 1)
  switch (schedule) {
    case 'constant':
      return 1
    case 'cosine':
      return cosine(1, floor, p)
    case 'flat_cos':
      return p < pctStart || pctStart >= 1 ? 1 : cosine(1, floor, (p - pctStart) / (1 - pctStart))
    case 'one_cycle':
      return p < pctStart || pctStart >= 1
        ? cosine(1 / 25, 1, pctStart > 0 ? p / pctStart : 1)
        : cosine(1, floor, (p - pctStart) / (1 - pctStart))
  }
}

/** Momentum of one_cycle: .95 → .85 while the rate rises, back while it falls; elsewhere `momentum` unchanged. */
export function momentumAt(schedule: ScheduleName, position: number, pctStart: number, momentum: number): number {
  if (schedule !== 'one_cycle') return momentum
  const p = Math.min(Math.max(position, 0), 1)
  return p < pctStart || pctStart >= 1
    ? cosine(0.95, 0.85, pctStart > 0 ? p / pctStart : 1)
    : cosine(0.85, 0.95, (p - pctStart) / (1 - pctStart))
}
