/** Gathers a training's events and stores them in batches, in order, as one writer. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/database.ts'
import type { Attempt } from '../modules/runs/runs.lifecycle.ts'
import { AttemptOver, recordEvents } from '../modules/runs/runs.record.ts'
import type { TrainEvent } from './train-events.ts'

/** Steps wait so long for company; what a reader waits for (an epoch, a line of the log) does not. */
const batchMs = 250
/** Pauses between the tries to store a batch, while a database restarts, say. */
const retryMs = [500, 1000, 2000, 4000, 8000]

export class Recorder {
  readonly #db: Database
  readonly #attempt: Attempt
  readonly #failed: (error: Error) => void
  readonly #stored: (events: readonly TrainEvent[]) => void
  #events: TrainEvent[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #error: Error | undefined

  /**
   * @param failed called once if a batch cannot be stored; nothing is taken after that.
   * @param stored called after each batch, when all can read it.
   */
  constructor(
    db: Database,
    attempt: Attempt,
    { failed, stored }: { failed: (error: Error) => void; stored: (events: readonly TrainEvent[]) => void },
  ) {
    this.#db = db
    this.#attempt = attempt
    this.#failed = failed
    this.#stored = stored
  }

  report(event: TrainEvent): void {
    this.#events.push(event)
    const now = event.type !== 'step' && event.type !== 'prepare'
    if (now) this.#flushSoon(0)
    else if (this.#timer === undefined) this.#flushSoon(batchMs)
  }

  /** Stores what is left. @throws what kept a batch from being stored. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#flush()
    if (this.#error) throw this.#error
  }

  #flushSoon(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#flush(), ms)
  }

  #flush(): Promise<void> {
    this.#timer = undefined
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const events = this.#events
    if (events.length === 0 || this.#error) return
    this.#events = []
    for (const pause of [...retryMs, null]) {
      try {
        await recordEvents(this.#db, this.#attempt, events)
        this.#stored(events)
        return
      } catch (error) {
        if (!(error instanceof AttemptOver) && pause !== null) {
          await sleep(pause)
          continue
        }
        this.#error = error as Error
        this.#failed(this.#error)
        return
      }
    }
  }
}
