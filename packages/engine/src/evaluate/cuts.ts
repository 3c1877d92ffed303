/** By what a set is cut into slices: the folders inside its class folders, the size of the files, the brightness of the pictures. */
import { type Cut, quantileGroups } from '@sporeprint/metrics'
import type { Look } from '../data/look.ts'

export interface CutImage {
  path: string
  class: string
  /** Of a file that could not be read there is none. */
  look: Look | undefined
}

export interface CutSet {
  cuts: Cut[]
  /** For each image its part in each cut. */
  parts: (number | null)[][]
}

/** Thirds: more parts would have too few images. */
const parts = 3

export function cutSet(images: readonly CutImage[]): CutSet {
  const found = [byFolder(images), bySize(images), byBrightness(images)].filter((cut) => cut !== null)
  return {
    cuts: found.map(({ by, keys }) => ({ by, keys })),
    parts: images.map((_, i) => found.map(({ part }) => part[i] ?? null)),
  }
}

interface OneCut extends Cut {
  part: (number | null)[]
}

/** The first folder inside the class folder: camera, site, vendor. Null where there is none. */
function byFolder(images: readonly CutImage[]): OneCut | null {
  const folders = images.map(({ path, class: name }) => {
    const steps = path.split('/')
    return steps.slice(steps[0] === name ? 1 : 2, -1)[0] ?? 'no folder'
  })
  const keys = [...new Set(folders)].sort()
  if (keys.length === 1 && keys[0] === 'no folder') return null
  return { by: 'folder', keys, part: folders.map((folder) => keys.indexOf(folder)) }
}

/** By the shorter side. */
function bySize(images: readonly CutImage[]): OneCut | null {
  const sides = images.map(({ look }) => (look ? Math.min(look.width, look.height) : null))
  return byQuantiles('size', sides, (low, high) => {
    const [from, to] = [low === null ? null : Math.floor(low) + 1, high === null ? null : Math.floor(high)]
    if (from === null) return `up to ${to} px`
    return to === null ? `from ${from} px` : `${from} to ${to} px`
  })
}

function byBrightness(images: readonly CutImage[]): OneCut | null {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  return byQuantiles(
    'brightness',
    images.map(({ look }) => look?.brightness ?? null),
    (low, high) => {
      if (low === null) return `up to ${percent(high as number)}`
      return high === null ? `above ${percent(low)}` : `${percent(low)} to ${percent(high)}`
    },
  )
}

/** `name` is given the bounds of a part, null where it has none. Null where all values are equal. */
function byQuantiles(
  by: string,
  values: readonly (number | null)[],
  name: (low: number | null, high: number | null) => string,
): OneCut | null {
  const { group, bounds } = quantileGroups(
    values.filter((value) => value !== null),
    parts,
  )
  if (bounds.length === 0) return null
  const keys = [...bounds, null].map((high, g) => name(bounds[g - 1] ?? null, high))
  let next = 0
  return { by, keys, part: values.map((value) => (value === null ? null : (group[next++] as number))) }
}
