import { EngineError } from '../errors.ts'
import { type ImageSource, imageBytesOf } from './image-source.ts'
import { type Sampling, sampleOrder } from './sampling.ts'

/** Label of the rows that fill up a batch of too few images: losses and counts skip it. */
export const IGNORED_LABEL = 0xffffffff

export interface BatchOptions {
  /** Images a batch. */
  batch: number
  /** Order of the images: a pure function of (seed, epoch). */
  sampling: Sampling
  seed: number
  epoch: number
  /** Leave out a last batch that would be partial. */
  dropLast: boolean
  /** Batches read ahead while the consumer works; default 2. */
  prefetch?: number
  /** Batches of this epoch to pass over, because an earlier process has had them. Default 0. */
  from?: number
}

export interface Batch {
  /**
   * u8 RGBA, [batch, size, size, 4]. Valid until the next batch is asked for: then the buffer is filled anew, so copy or
   * upload first (GPUQueue.writeBuffer copies at the call).
   */
  pixels: Uint8Array
  /** [batch]; IGNORED_LABEL from `count` on. */
  labels: Uint32Array
  /** [batch]; which images of the source these are. */
  indices: Uint32Array
  /** Real images in this batch. */
  count: number
}

/** Batches an epoch of `images` images has. */
export function batchCount(images: number, batch: number, dropLast: boolean): number {
  return dropLast ? Math.floor(images / batch) : Math.ceil(images / batch)
}

/**
 * One epoch of `source` in batches, `prefetch` of them read ahead. At most prefetch + 1 pixel buffers exist.
 * A last partial batch is filled up with its own images again (so that batch norm sees no picture that is not there), under
 * labels that are ignored; so is one with images that cannot be read. Without `dropLast`, a batch of none that can has count 0.
 * @throws RangeError for a batch below 1; BAD_DATASET where `dropLast` and no image of a batch can be read; whatever `source.read`
 * rejects with, at the batch it belongs to.
 */
export async function* batches(source: ImageSource, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  const { batch, sampling, seed, epoch, dropLast, prefetch = 2, from = 0 } = options
  if (!Number.isInteger(batch) || batch < 1)
    throw new RangeError(`batch must be a whole number of at least 1, not ${batch}`)
  if (!Number.isInteger(prefetch) || prefetch < 0) {
    throw new RangeError(`prefetch must be a whole number of at least 0, not ${prefetch}`)
  }
  const order = sampleOrder(source, sampling, seed, epoch)
  const total = batchCount(source.length, batch, dropLast)
  const bytes = batch * imageBytesOf(source)
  const free: Uint8Array[] = []
  const ahead: Promise<Batch>[] = []

  const start = (number: number, turn: Promise<void> | undefined): void => {
    const pixels = free.pop() ?? new Uint8Array(bytes)
    const read = (): Promise<Batch> => readBatch(source, order, number, batch, pixels, dropLast)
    const reading = turn ? turn.then(read) : read()
    // The consumer meets the failure when it reaches this batch; until then it is not an unhandled rejection.
    reading.catch(() => {})
    ahead.push(reading)
  }

  try {
    for (let number = from, started = from; number < total; number++) {
      if (started === number) start(started++, undefined)
      // Asking for many files takes a while: whoever waits for a batch that is there has it first.
      const later = new Promise<void>((turn) => setTimeout(turn, 0))
      while (started < total && started <= number + prefetch) start(started++, later)
      const ready = await (ahead.shift() as Promise<Batch>)
      yield ready
      free.push(ready.pixels)
    }
  } finally {
    // A consumer that leaves early must not find reads still running on a source that it then closes.
    await Promise.allSettled(ahead)
  }
}

async function readBatch(
  source: ImageSource,
  order: Uint32Array,
  number: number,
  batch: number,
  pixels: Uint8Array,
  mustHaveSome: boolean,
): Promise<Batch> {
  const asked = order.subarray(number * batch, (number + 1) * batch)
  const imageBytes = imageBytesOf(source)
  const unreadable = (await source.read(asked, pixels.subarray(0, asked.length * imageBytes))) ?? []
  const read = [...asked.keys()].filter((i) => !unreadable.includes(i))
  const count = read.length
  // A step needs something to learn from; what only looks at images passes over such a batch.
  if (count === 0 && mustHaveSome) {
    const first = source.paths[asked[0] as number]
    throw new EngineError(
      'BAD_DATASET',
      `none of ${asked.length} images could be read, ${first} among them: check the files`,
    )
  }

  const indices = new Uint32Array(batch)
  const labels = new Uint32Array(batch).fill(IGNORED_LABEL)
  for (let i = 0; i < batch; i++) {
    // What was read moves together; copies of it fill the rest. With nothing read, whatever the buffer has is as good.
    if (count === 0) break
    const from = i < count ? (read[i] as number) : i - count
    if (from !== i) pixels.copyWithin(i * imageBytes, from * imageBytes, (from + 1) * imageBytes)
    indices[i] = i < count ? (asked[from] as number) : (indices[from] as number)
    if (i < count) labels[i] = source.labels[indices[i] as number] as number
  }
  return { pixels, labels, indices, count }
}
