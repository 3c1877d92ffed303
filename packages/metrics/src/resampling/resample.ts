import { binomial } from './binomial.ts'
import { RandomStream } from './random.ts'

/**
 * Samples that no statistic can tell apart are one cell, so a set is how many samples each cell has, and drawing it anew with
 * replacement is a multinomial draw of those counts. Where a set has few cells that costs a draw a cell, not a sample.
 */
export interface Cells {
  counts: Uint32Array
  /** Which stratum each cell belongs to, numbered from 0; each keeps its size. null: all are one. */
  strata: ArrayLike<number> | null
}

interface Stratum {
  size: number
  /** Its cells that have samples. */
  cells: Uint32Array
  /** For sets of almost as many cells as samples: the cell of each sample. Otherwise null. */
  samples: Uint32Array | null
}

/** Writes the counts of one replicate, a pure function of (seed, replicate), to `out`. */
export type Resample = (seed: number, replicate: number, out: Uint32Array) => void

export function resampler({ counts, strata }: Cells): Resample {
  const groups = new Map<number, number[]>()
  for (let cell = 0; cell < counts.length; cell++) {
    if (counts[cell] === 0) continue
    const stratum = strata === null ? 0 : (strata[cell] as number)
    const cells = groups.get(stratum)
    if (cells) cells.push(cell)
    else groups.set(stratum, [cell])
  }
  const all = [...groups.values()].map((cells) => stratumOf(Uint32Array.from(cells), counts))
  return (seed, replicate, out) => {
    out.fill(0)
    const random = new RandomStream(seed, replicate)
    for (const stratum of all) {
      if (stratum.samples) drawSamples(random, stratum.samples, out)
      else drawCells(random, stratum, counts, out)
    }
  }
}

/** A binomial number costs about as much as this many uniform ones. */
const samplesPerCell = 4

function stratumOf(cells: Uint32Array, counts: Uint32Array): Stratum {
  let size = 0
  for (const cell of cells) size += counts[cell] as number
  if (size > samplesPerCell * cells.length) return { size, cells, samples: null }
  const samples = new Uint32Array(size)
  let end = 0
  for (const cell of cells) samples.fill(cell, end, (end += counts[cell] as number))
  return { size, cells, samples }
}

function drawSamples(random: RandomStream, samples: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < samples.length; i++) {
    const cell = samples[random.below(samples.length)] as number
    out[cell] = (out[cell] as number) + 1
  }
}

/** Cell by cell: of what is left to draw, the share that this cell has of the samples not yet passed. */
function drawCells(random: RandomStream, { size, cells }: Stratum, counts: Uint32Array, out: Uint32Array): void {
  let left = size
  let unpassed = size
  for (const cell of cells) {
    if (left === 0) return
    const count = counts[cell] as number
    const drawn = binomial(random, left, count / unpassed)
    out[cell] = drawn
    left -= drawn
    unpassed -= count
  }
}
