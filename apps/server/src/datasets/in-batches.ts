/** Work started at once: enough to keep every core at rendering, few enough to bound memory. */
const AT_ONCE = 32

/** Runs `work` over all items, a batch at a time in order, and tells how many are done. Stops between batches on `signal`. */
export async function inBatches<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let done = 0; done < items.length; done += AT_ONCE) {
    signal?.throwIfAborted()
    await Promise.all(items.slice(done, done + AT_ONCE).map(work))
    onProgress?.(Math.min(done + AT_ONCE, items.length), items.length)
  }
}
