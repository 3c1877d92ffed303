/**
 * Runs `work` over `items`, at most `limit` at a time, starting in order. The first failure stops the start of further work;
 * it is thrown once the work under way has ended, so that nothing runs on behind the caller's back.
 */
export async function forEachConcurrent<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const failures: unknown[] = []
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      await work(items[index] as T, index).catch((error: unknown) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failures.length > 0) throw failures[0]
}

/** `work`, of which at most `limit` calls run at a time; the others wait their turn in order. */
export function limited<A, R>(limit: number, work: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (argument) => {
    if (running < limit) running++
    // Whoever ends hands its place on.
    else await new Promise<void>((turn) => waiting.push(turn))
    try {
      return await work(argument)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
