/**
 * Waiting for the queue without being late and without looking all the time: a waiter sleeps through most of the time that the
 * same work took before, and only then asks. Free of charge on a fast GPU, where the sleep rounds to nothing.
 */
import type { Device } from './device.ts'

export class Pacer {
  readonly #device: Device
  /** Milliseconds from submission to completion, by kind of work. */
  readonly #expected = new Map<string, number>()

  constructor(device: Device) {
    this.#device = device
  }

  /** Resolves once everything submitted at `submitted` has run; `kind` names work that takes about the same time each time. */
  async settle(kind: string, submitted: number = performance.now()): Promise<void> {
    const expected = this.#expected.get(kind)
    const sleep = 0.85 * (expected ?? 0) - (performance.now() - submitted)
    if (sleep >= 2) await new Promise((wake) => setTimeout(wake, sleep))
    const asked = performance.now()
    await workDone(this.#device)
    const now = performance.now()
    if (expected === undefined) {
      // The first run of a kind may also compile in the driver: it says nothing about the next.
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

/** Resolves once everything submitted has run, whenever that is. */
export async function workDone(device: Device): Promise<void> {
  await device.paced(() => device.gpu.queue.onSubmittedWorkDone())
}
