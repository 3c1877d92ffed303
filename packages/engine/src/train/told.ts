/**
 * What a run has told last. Whoever stores it does so a little later, and may die in between, while the run goes on from a checkpoint
 * beyond that: a checkpoint holds it too, and a run that goes on tells it again.
 */
import type { RunFolder, RunPosition } from './checkpoint.ts'
import { bestOf } from './monitor.ts'
import type { EpochEvent, RetoldEvent, StepEvent } from './spec.ts'

/** What makes the curves of a run. */
export type Told = StepEvent | EpochEvent

/** Longer than whoever stores it tries to. */
const keptMs = 60_000
/** Some 2.5 MB of a checkpoint's header, of which a reader takes 8 MiB. */
const keptEvents = 10_000

/** The events of the last minute, ten thousand at most. */
export class RecentlyTold {
  #told: { event: Told; at: number }[] = []

  add(event: Told): void {
    this.#told.push({ event, at: performance.now() })
    if (this.#told.length >= 2 * keptEvents) this.#forget()
  }

  /** The oldest first. */
  events(): Told[] {
    this.#forget()
    return this.#told.map(({ event }) => event)
  }

  #forget(): void {
    const since = performance.now() - keptMs
    this.#told = this.#told.slice(-keptEvents).filter(({ at }) => at >= since)
  }
}

/** What a run that stopped at `position` tells again; null where it had told nothing yet. */
export function retold({ told = [], history, spec }: RunPosition, folder: RunFolder): RetoldEvent | null {
  const events: RetoldEvent['events'] = [...told]
  const last = history.at(-1)
  if (last) {
    const epochs = { best: bestOf(history, spec), last }
    for (const kind of ['best', 'last'] as const)
      events.push({ type: 'checkpoint', kind, path: folder.model(kind), epoch: epochs[kind].epoch })
  }
  return events.length > 0 ? { type: 'retold', events } : null
}
