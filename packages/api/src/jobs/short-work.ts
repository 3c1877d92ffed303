/** Takes short jobs from their queue, one at a time, beside whatever is being trained. */
import type { JobWithMetadata } from 'pg-boss'
import type { Artifacts } from '../artifacts/artifacts.ts'
import type { Database } from '../db/database.ts'
import type { Live } from '../live/live.ts'
import {
  claimJob,
  endedJobs,
  finishJob,
  type JobAttempt,
  putBack,
  recordProgress,
} from '../modules/jobs/jobs.lifecycle.ts'
import type { JobKindName, JobRow } from '../modules/jobs/jobs.table.ts'
import { CrashError, type JobProgress, type ShortHandlers } from './contracts.ts'
import { described, JobAborted } from './job-aborted.ts'
import { type JobInputs, kinds } from './kinds.ts'
import type { Payload, Queue } from './queue.ts'

/** Progress is written so often at most, in ms. */
const progressMs = 250

interface Held extends JobAttempt {
  controller: AbortController
}

export interface ShortWorkParts {
  db: Database
  artifacts: Artifacts
  queue: Queue
  live: Live
  onError: (error: Error) => void
}

export class ShortWork {
  readonly #parts: ShortWorkParts
  readonly #handlers: ShortHandlers
  readonly #workerId: string
  readonly #held = new Set<Held>()
  #stopping = false
  #ends: (() => Promise<void> | void)[] = []

  constructor(parts: ShortWorkParts, handlers: ShortHandlers, workerId: string) {
    this.#parts = parts
    this.#handlers = handlers
    this.#workerId = workerId
  }

  async start(): Promise<void> {
    const { queue, live } = this.#parts
    const unlisten = live.listen(({ subject, kind, id }) => {
      if (subject !== 'job' || (kind !== 'stopped' && kind !== 'deleted')) return
      for (const held of this.#held) if (held.id === id) held.controller.abort(new JobAborted('stopped'))
    })
    const work = await queue.work('short', 1, (queued) => this.#take(queued))
    this.#ends = [unlisten, () => work.stop()]
  }

  /** Has what is under way come to its end, and takes no more. */
  abort(): void {
    this.#stopping = true
    for (const { controller } of this.#held) controller.abort(new JobAborted('shutdown'))
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) await end()
    this.#ends = []
  }

  /** What a notification may have failed to tell. */
  async lookForEnded(): Promise<void> {
    for (const ended of await endedJobs(this.#parts.db, [...this.#held])) {
      for (const held of this.#held) if (held === ended) held.controller.abort(new JobAborted('stopped'))
    }
  }

  async #take(queued: JobWithMetadata<Payload>): Promise<void> {
    const { db } = this.#parts
    const row = await claimJob(db, queued.data.id, queued.id, this.#workerId)
    if (row === null) return
    const held: Held = { id: row.id, attempt: row.attempt, controller: new AbortController() }
    queued.signal.addEventListener('abort', () => held.controller.abort(new JobAborted('lost')))
    this.#held.add(held)
    if (this.#stopping) held.controller.abort(new JobAborted('shutdown'))
    try {
      await this.#do(row, row.kind, held)
    } catch (error) {
      await this.#end(held, queued, error)
    } finally {
      this.#held.delete(held)
    }
  }

  async #do<Name extends JobKindName>(row: JobRow, name: Name, held: Held): Promise<void> {
    const { db } = this.#parts
    const { signal } = held.controller
    const { prepare, store } = kinds[name]
    const input = row.input as JobInputs[Name]
    const job = await prepare(this.#parts, input)
    const progress = this.#progress(held)
    try {
      const result = await this.#handlers[name](job, { signal, progress: progress.report })
      await finishJob(db, held, null, (tx) => store(tx, { jobId: row.id, input, job, result }))
    } finally {
      await progress.end()
    }
  }

  /** Writes progress now and then; what comes meanwhile replaces what waits. */
  #progress(held: Held): { report(progress: JobProgress): void; end(): Promise<void> } {
    const { db, onError } = this.#parts
    let waiting: JobProgress | undefined
    let timer: NodeJS.Timeout | undefined
    let writing = Promise.resolve()
    const write = (): void => {
      timer = undefined
      const progress = waiting
      waiting = undefined
      if (progress) writing = writing.then(() => recordProgress(db, held, progress)).catch(onError)
    }
    return {
      report(progress) {
        waiting = progress
        timer ??= setTimeout(write, progressMs)
      },
      async end() {
        clearTimeout(timer)
        await writing
      },
    }
  }

  /** The handler has rejected: because it was told to, because its process died, or because it failed. */
  async #end(held: Held, queued: JobWithMetadata<Payload>, error: unknown): Promise<void> {
    const { db, queue } = this.#parts
    const { reason } = held.controller.signal
    if (reason instanceof JobAborted) {
      if (reason.why === 'shutdown') await putBack(db, held, (tx) => queue.enqueue(tx, 'short', held.id))
      return
    }
    if (error instanceof CrashError && queued.retryCount < queued.retryLimit) {
      await putBack(db, held)
      throw error
    }
    await finishJob(db, held, described(error))
  }
}
