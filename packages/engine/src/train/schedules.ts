/**
 * Learning-rate schedules as functions of where a phase stands. Those that fastai has are fastai's to the digit; `step`,
 * `exponential` and `plateau` move once an epoch and are PyTorch's (StepLR, ExponentialLR, ReduceLROnPlateau).
 */

export const scheduleNames = ['flat_cos', 'one_cycle', 'cosine', 'constant', 'step', 'exponential', 'plateau'] as const

export type ScheduleName = (typeof scheduleNames)[number]

export interface Schedule {
  name: ScheduleName
  /** Share of the phase until which flat_cos is flat, and one_cycle rises. Default .75 and .25, as fastai's. */
  pctStart?: number
  /** one_cycle begins at 1/div of the peak. Default 25. */
  div?: number
  /** Share of the phase over which the rate first rises linearly from 0; a cosine begins behind it. Default 0. */
  warmup?: number
  /** What step, exponential and plateau multiply the rate by. Default .1. */
  gamma?: number
  /** Epochs between two steps of `step`. Default 10. */
  stepEpochs?: number
  /** Epochs without a better validation loss that `plateau` bears. Default 10. */
  plateauPatience?: number
  /** `plateau` counts a loss as better below best · (1 − threshold). Default 1e-4. */
  threshold?: number
}

/** Where a phase stands. */
export interface Position {
  /** Share of its steps that are done: 0 at its first step, 1 at its end. */
  share: number
  /** Its epochs that are done. */
  epoch: number
}

/** Fraction of the peak rate to which annealing ends. */
const floor = 1e-5

/** Cosine from `start` at p = 0 to `end` at p = 1. */
const cosine = (start: number, end: number, p: number): number =>
  start + ((1 + Math.cos(Math.PI * (1 - p))) * (end - start)) / 2

/** One cosine until `pct` of the way, then another: fastai's combined_cos. */
function twoCosines(pct: number, [start, middle, end]: readonly [number, number, number], p: number): number {
  return p < pct || pct >= 1 ? cosine(start, middle, pct > 0 ? p / pct : 1) : cosine(middle, end, (p - pct) / (1 - pct))
}

export const defaultPctStart = (name: ScheduleName): number => (name === 'one_cycle' ? 0.25 : 0.75)

/** The factor on the peak learning rate. That of `plateau` is the caller's to keep, from epoch to epoch. */
export function rateFactor(schedule: Schedule, position: Position): number {
  const { warmup = 0 } = schedule
  const share = Math.min(Math.max(position.share, 0), 1)
  const rise = share < warmup ? share / warmup : 1
  return rise * shapeOf(schedule, share, position.epoch)
}

function shapeOf(schedule: Schedule, share: number, epoch: number): number {
  const { name, pctStart = defaultPctStart(name), div = 25, warmup = 0, gamma = 0.1, stepEpochs = 10 } = schedule
  switch (name) {
    case 'constant':
    case 'plateau':
      return 1
    case 'cosine':
      return warmup < 1 ? cosine(1, floor, Math.max(0, share - warmup) / (1 - warmup)) : 1
    case 'flat_cos':
      return twoCosines(pctStart, [1, 1, floor], share)
    case 'one_cycle':
      return twoCosines(pctStart, [1 / div, 1, floor], share)
    case 'step':
      return gamma ** Math.floor(epoch / stepEpochs)
    case 'exponential':
      return gamma ** epoch
  }
}

/** Momentum of one_cycle: .95 → .85 while the rate rises, back while it falls; elsewhere `momentum` unchanged. */
export function momentumAt(schedule: Schedule, { share }: Position, momentum: number): number {
  const { name, pctStart = defaultPctStart(name) } = schedule
  if (name !== 'one_cycle') return momentum
  return twoCosines(pctStart, [0.95, 0.85, 0.95], Math.min(Math.max(share, 0), 1))
}

/** What `plateau` keeps between epochs. */
export interface Plateau {
  /** The best validation loss of the phase so far, null before its first epoch. */
  best: number | null
  /** Epochs since then, or since the rate was last reduced. */
  bad: number
  /** By what the rate is multiplied now. */
  factor: number
}

export const freshPlateau: Plateau = { best: null, bad: 0, factor: 1 }

/** A plateau behind an epoch's validation loss. Of NaN none is better, as in PyTorch. */
export function afterEpoch(plateau: Plateau, schedule: Schedule, validLoss: number): Plateau {
  const { gamma = 0.1, plateauPatience = 10, threshold = 1e-4 } = schedule
  const { best, factor } = plateau
  const better = best === null ? !Number.isNaN(validLoss) : validLoss < best * (1 - threshold)
  if (better) return { best: validLoss, bad: 0, factor }
  const bad = plateau.bad + 1
  return bad > plateauPatience ? { best, bad: 0, factor: factor * gamma } : { best, bad, factor }
}
