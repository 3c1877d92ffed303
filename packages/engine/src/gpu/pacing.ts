/**
 * Waiting for the queue without burning a core. While a promise of the Node bindings is pending they spin the event loop,
 * which on a software adapter takes a core from the very work that is awaited. So a waiter sleeps through most of the time
 * that the same work took before, and only then asks. Free of charge on a fast GPU, where the sleep rounds to nothing.
 */
export class Pacer {
  readonly #queue: GPUQueue
  /** Milliseconds from submission to completion, by kind of work. */
  readonly #expected = new Map<string, number>()

  constructor(queue: GPUQueue) {
    this.#queue = queue
  }

  /** Resolves once everything submitted at `submitted` has run; `kind` names work that takes about the same time each time. */
  async settle(kind: string, submitted: number = performance.now()): Promise<void> {
    const expected = this.#expected.get(kind)
    const sleep = 0.85 * (expected ?? 0) - (performance.now() - submitted)
    if (sleep >= 2) await new Promise((wake) => setTimeout(wake, sleep))
    const asked = performance.now()
    await this.#queue.onSubmittedWorkDone()
    const now = performance.now()
    if (expected === undefined) {
      // The first run of a kind also compiles in the driver: it says nothing about the next.
      this.#expected.set(kind, 0)
    } else if (sleep >= 2 && now - asked < 0.02 * expected) {
      // Already done on waking: the sleep was too long, by how much is unknown.
      this.#expected.set(kind, 0.6 * expected)
    } else {
      const took = now - submitted
      this.#expected.set(kind, expected ? 0.7 * expected + 0.3 * took : took)
    }
  }
}
