import { type ImageSource, imageBytesOf } from './image-source.ts'
import { permutation } from './random.ts'

/** Label of the rows that pad a last, partial batch: losses and counts skip it. */
export const IGNORED_LABEL = 0xffffffff

export interface BatchOptions {
  /** Images a batch. */
  batch: number
  /** Order of the images: a pure function of (seed, epoch), or the source's own order without `shuffle`. */
  seed: number
  epoch: number
  shuffle: boolean
  /** Leave out a last batch that would be partial. */
  dropLast: boolean
  /** Batches read ahead while the consumer works; default 2. */
  prefetch?: number
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
 * labels that are ignored.
 * @throws RangeError for a batch below 1; whatever `source.read` rejects with, at the batch it belongs to.
 */
export async function* batches(source: ImageSource, options: BatchOptions): AsyncGenerator<Batch, void, void> {
  const { batch, seed, epoch, shuffle, dropLast, prefetch = 2 } = options
  if (!Number.isInteger(batch) || batch < 1)
    throw new RangeError(`batch must be a whole number of at least 1, not ${batch}`)
  if (!Number.isInteger(prefetch) || prefetch < 0) {
    throw new RangeError(`prefetch must be a whole number of at least 0, not ${prefetch}`)
  }
  const order = shuffle
    ? permutation(source.length, seed, epoch)
    : Uint32Array.from({ length: source.length }, (_, i) => i)
  const total = batchCount(source.length, batch, dropLast)
  const bytes = batch * imageBytesOf(source)
  const free: Uint8Array[] = []
  const ahead: Promise<Batch>[] = []

  const start = (number: number): void => {
    const reading = readBatch(source, order, number, batch, free.pop() ?? new Uint8Array(bytes))
    // The consumer meets the failure when it reaches this batch; until then it is not an unhandled rejection.
    reading.catch(() => {})
    ahead.push(reading)
  }

  try {
    for (let number = 0, started = 0; number < total; number++) {
      while (started < total && started <= number + prefetch) start(started++)
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
): Promise<Batch> {
  const real = order.subarray(number * batch, (number + 1) * batch)
  const count = real.length
  const imageBytes = imageBytesOf(source)
  await source.read(real, pixels.subarray(0, count * imageBytes))

  const indices = new Uint32Array(batch)
  const labels = new Uint32Array(batch).fill(IGNORED_LABEL)
  for (let i = 0; i < batch; i++) {
    indices[i] = real[i % count] as number
    if (i < count) labels[i] = source.labels[indices[i] as number] as number
    else pixels.copyWithin(i * imageBytes, (i - count) * imageBytes, (i - count + 1) * imageBytes)
  }
  return { pixels, labels, indices, count }
}
