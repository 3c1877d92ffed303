import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ImageSource } from './image-source.ts'
import { type BatchOptions, batchCount, batches, IGNORED_LABEL } from './loader.ts'

/** Image i is 2×2 pixels of value i; it counts the reads that run at once. */
class CountingSource implements ImageSource {
  readonly size = 2
  readonly classes = ['even', 'odd']
  readonly labels: Uint32Array
  readonly paths: string[]
  reads = 0
  running = 0
  broken = -1

  readonly length: number
  constructor(length: number) {
    this.length = length
    this.labels = Uint32Array.from({ length }, (_, i) => i % 2)
    this.paths = Array.from({ length }, (_, i) => `${i}`)
  }

  async read(indices: ArrayLike<number>, out: Uint8Array): Promise<void> {
    this.reads++
    this.running++
    await setTimeout(2)
    this.running--
    for (let i = 0; i < indices.length; i++) {
      if (indices[i] === this.broken) throw new Error(`image ${this.broken} cannot be read`)
      out.fill(indices[i] as number, i * 16, (i + 1) * 16)
    }
  }
}

const options: BatchOptions = { batch: 4, seed: 42, epoch: 0, sampling: 'shuffle', dropLast: false }

async function collect(source: ImageSource, opts: BatchOptions) {
  const seen: { labels: number[]; indices: number[]; pixels: number[]; count: number }[] = []
  for await (const { labels, indices, pixels, count } of batches(source, opts)) {
    seen.push({ labels: [...labels], indices: [...indices], pixels: [...pixels], count })
  }
  return seen
}

describe('batches', () => {
  it('visits every image once an epoch, with its own label and pixels', async () => {
    const seen = await collect(new CountingSource(10), options)
    expect(seen.map(({ count }) => count)).toEqual([4, 4, 2])
    const indices = seen.flatMap(({ indices, count }) => indices.slice(0, count))
    expect([...indices].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const { labels, indices, pixels, count } of seen) {
      for (let i = 0; i < count; i++) {
        expect(labels[i]).toBe((indices[i] as number) % 2)
        expect(pixels.slice(i * 16, (i + 1) * 16)).toEqual(new Array(16).fill(indices[i]))
      }
    }
  })

  it('gives the same order whatever is read ahead, and another in another epoch', async () => {
    const eager = await collect(new CountingSource(10), { ...options, prefetch: 5 })
    expect(await collect(new CountingSource(10), { ...options, prefetch: 0 })).toEqual(eager)
    const next = await collect(new CountingSource(10), { ...options, epoch: 1 })
    expect(next.map(({ indices }) => indices)).not.toEqual(eager.map(({ indices }) => indices))
  })

  it('keeps the order of the source without shuffle', async () => {
    const seen = await collect(new CountingSource(5), { ...options, sampling: 'sequential' })
    expect(seen.map(({ indices, count }) => indices.slice(0, count))).toEqual([[0, 1, 2, 3], [4]])
  })

  it('fills a last partial batch with its own images under an ignored label', async () => {
    const seen = await collect(new CountingSource(6), { ...options, sampling: 'sequential' })
    const last = seen[1]
    expect(last?.count).toBe(2)
    expect(last?.labels).toEqual([0, 1, IGNORED_LABEL, IGNORED_LABEL])
    expect(last?.indices).toEqual([4, 5, 4, 5])
    expect(last?.pixels.filter((_, i) => i % 16 === 0)).toEqual([4, 5, 4, 5])
  })

  it('leaves a partial batch out with dropLast', async () => {
    const seen = await collect(new CountingSource(6), { ...options, dropLast: true })
    expect(seen.map(({ count }) => count)).toEqual([4])
    expect(batchCount(6, 4, true)).toBe(1)
    expect(batchCount(6, 4, false)).toBe(2)
    expect(batchCount(8, 4, false)).toBe(2)
  })

  it('reads ahead as far as asked and no further', async () => {
    const source = new CountingSource(40)
    const epoch = batches(source, { ...options, prefetch: 2 })
    await epoch.next()
    await setTimeout(5)
    expect(source.reads).toBe(3)
    await epoch.next()
    await setTimeout(5)
    expect(source.reads).toBe(4)
    await epoch.return()
  })

  it('hands over a batch that is there before it begins to read another', async () => {
    const source = new CountingSource(40)
    const epoch = batches(source, { ...options, prefetch: 2 })
    await epoch.next()
    await setTimeout(5)
    await epoch.next()
    expect(source.reads).toBe(3)
    await epoch.return()
  })

  it('holds at most prefetch + 1 pixel buffers', async () => {
    const buffers = new Set<ArrayBufferLike>()
    for await (const { pixels } of batches(new CountingSource(40), { ...options, prefetch: 2 }))
      buffers.add(pixels.buffer)
    expect(buffers.size).toBeLessThanOrEqual(3)
  })

  it('has no read running after the consumer has left', async () => {
    const source = new CountingSource(40)
    for await (const _ of batches(source, options)) break
    expect(source.running).toBe(0)
  })

  it('rejects at the batch that cannot be read, after the ones before it', async () => {
    const source = new CountingSource(12)
    source.broken = 9
    const epoch = batches(source, { ...options, sampling: 'sequential' })
    expect((await epoch.next()).value?.count).toBe(4)
    expect((await epoch.next()).value?.count).toBe(4)
    await expect(epoch.next()).rejects.toThrow('image 9 cannot be read')
  })

  it('refuses a batch of nothing', async () => {
    await expect(batches(new CountingSource(4), { ...options, batch: 0 }).next()).rejects.toThrow(RangeError)
  })
})

it('leaves out images that turn out to be unreadable, fills up with those that are not, and passes over a batch of none', async () => {
  const source = new CountingSource(5)
  const unreadable = [1, 4]
  const read = source.read.bind(source)
  const partly: ImageSource = {
    ...source,
    async read(indices, out) {
      await read(indices, out)
      return Array.from(indices).flatMap((image, i) => (unreadable.includes(image) ? [i] : []))
    },
  }
  const order: BatchOptions = { batch: 4, sampling: 'sequential', seed: 0, epoch: 0, dropLast: false }
  const seen: { count: number; indices: number[]; labels: number[]; values: number[] }[] = []
  for await (const { count, indices, labels, pixels } of batches(partly, order)) {
    const values = [...indices.keys()].map((i) => pixels[i * 16] as number)
    seen.push({ count, indices: [...indices], labels: [...labels], values })
  }
  const rest = IGNORED_LABEL
  expect(seen[0]).toEqual({ count: 3, indices: [0, 2, 3, 0], labels: [0, 0, 1, rest], values: [0, 2, 3, 0] })
  expect(seen[1]).toMatchObject({ count: 0, labels: [rest, rest, rest, rest] })
  const training = async (): Promise<void> => {
    for await (const _ of batches(partly, { ...order, batch: 1, dropLast: true }));
  }
  await expect(training()).rejects.toMatchObject({ code: 'BAD_DATASET' })
})
