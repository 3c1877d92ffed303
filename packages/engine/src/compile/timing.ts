/** How the times of runs are summed up, and whether the device can tell them. */
import type { Device } from '../gpu/device.ts'

export interface Spread {
  median: number
  min: number
  max: number
}

/** Throws for an empty list, which has no median. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) throw new Error('nothing was measured')
  const middle = sorted.length / 2
  const median = ((sorted[Math.ceil(middle) - 1] ?? min) + (sorted[Math.floor(middle)] ?? max)) / 2
  return { median, min, max }
}

export const hasTimestamps = (device: Device): boolean => device.gpu.features.has('timestamp-query')
