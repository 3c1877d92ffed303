/** Takes trainings from the queue and runs their handler, one attempt at a run at a time; short jobs go to `ShortWork` beside it. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobWithMetadata } from 'pg-boss'
import type { Artifacts } from '../artifacts/artifacts.ts'
import type { Database } from '../db/database.ts'
import type { Live } from '../live/live.ts'
import type { EvaluationService } from '../modules/evaluations/evaluations.service.ts'
import {
  type Attempt,
  type Claim,
  claimRun,
  endedAttempts,
  finishRun,
  handOver,
  releaseRun,
} from '../modules/runs/runs.lifecycle.ts'
import { AttemptOver } from '../modules/runs/runs.record.ts'
import type { RunService } from '../modules/runs/runs.service.ts'
import type { StudyService } from '../modules/studies/studies.service.ts'
import type { WorkerService } from '../modules/workers/workers.service.ts'
import { CrashError, type Handlers, parseRunConfig } from './contracts.ts'
import { described, JobAborted } from './job-aborted.ts'
import { maxJobSeconds, type Payload, type Queue } from './queue.ts'
import { Recorder } from './recorder.ts'
import { ShortWork } from './short-work.ts'

const heartbeatMs = 1000
/** A handler has so long to come to its end when the worker stops; its run is taken over in any case. */
const stopMs = 10_000

interface Held extends Attempt {
  controller: AbortController
}

export interface WorkerParts {
  db: Database
  artifacts: Artifacts
  queue: Queue
  live: Live
  runs: RunService
  evaluations: EvaluationService
  studies: StudyService
  workers: WorkerService
  onError: (error: Error) => void
}

export class Worker {
  readonly id: string = randomUUID()
  readonly #parts: WorkerParts
  readonly #handlers: Handlers
  readonly #concurrency: number
  readonly #held = new Set<Held>()
  readonly #short: ShortWork
  #looking: Promise<void> = Promise.resolve()
  #stopping = false
  #ends: (() => Promise<void> | void)[] = []

  constructor(parts: WorkerParts, handlers: Handlers, concurrency: number) {
    this.#parts = parts
    this.#handlers = handlers
    this.#concurrency = concurrency
    this.#short = new ShortWork(parts, handlers, this.id)
  }

  async start(): Promise<void> {
    const { queue, live, onError } = this.#parts
    await this.#beat()
    let beating = Promise.resolve()
    const heart = setInterval(() => {
      beating = beating.then(() => this.#beat()).catch(onError)
    }, heartbeatMs)
    const unlisten = live.listen(({ subject, kind, id }) => {
      if (subject !== 'run' || (kind !== 'stopped' && kind !== 'deleted')) return
      for (const held of this.#held) if (held.runId === id) held.controller.abort(new JobAborted('stopped'))
    })
    const work = await queue.work('train', this.#concurrency, (job) => this.#train(job))
    await this.#short.start()
    this.#ends = [
      unlisten,
      () => work.stop(),
      () => this.#short.stop(),
      () => this.#looking,
      async () => {
        clearInterval(heart)
        await beating
        await this.#parts.workers.remove(this.id)
      },
    ]
  }

  /** Takes no more jobs and hands over those it has. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { controller } of this.#held) controller.abort(new JobAborted('shutdown'))
    this.#short.abort()
    const late = sleep(stopMs, undefined, { ref: false })
    for (const end of this.#ends) await Promise.race([end(), late])
    this.#ends = []
  }

  /** Shows that this worker lives, and looks for what a notification may have failed to tell. */
  async #beat(): Promise<void> {
    const { workers, db } = this.#parts
    await this.#short.lookForEnded()
    await workers.heartbeat({ id: this.id, host: hostname(), pid: process.pid, concurrency: this.#concurrency })
    for (const ended of await endedAttempts(db, [...this.#held])) {
      for (const held of this.#held) if (held === ended) held.controller.abort(new JobAborted('stopped'))
    }
  }

  async #train(job: JobWithMetadata<Payload>): Promise<void> {
    const claim = await this.#claim(job)
    if (claim === null) return
    const { db, runs, evaluations } = this.#parts
    const { run, datasetPath } = claim
    const controller = new AbortController()
    const held: Held = { runId: run.id, attempt: run.attempt, controller }
    const abort = (why: JobAborted['why']) => controller.abort(new JobAborted(why))
    job.signal.addEventListener('abort', () => abort('lost'))
    const recorder = new Recorder(db, held, {
      failed: (error) => controller.abort(error instanceof AttemptOver ? new JobAborted('lost') : error),
      stored: (events) =>
        events.some(({ type }) => type === 'epoch' || type === 'retold') && void this.#lookAfter(run.studyId),
    })
    const handOverInTime = setTimeout(() => abort('shutdown'), (maxJobSeconds - 1800) * 1000)
    this.#held.add(held)
    if (this.#stopping) abort('shutdown')
    try {
      // A run from before a setting existed gets its default.
      const config = parseRunConfig(run.config)
      await this.#handlers.train(
        {
          runId: run.id,
          config,
          datasetPath,
          outDir: runs.folder(run.id),
          resume: run.attempt > 1,
          until: run.until,
          restarts: run.restarts ?? [],
        },
        { signal: controller.signal, report: (event) => recorder.report(event) },
      )
      await recorder.close()
      // What it has learnt is told in full, on every split, as soon as it can be; but a study must not see the test split.
      await finishRun(db, held, { status: 'SUCCEEDED' }, (tx) =>
        run.until === null ? evaluations.askWithin(tx, run.id) : Promise.resolve(),
      )
    } catch (error) {
      await this.#end(held, recorder, job, error)
    } finally {
      clearTimeout(handOverInTime)
      this.#held.delete(held)
      await releaseRun(db, held)
      await this.#lookAfter(run.studyId)
    }
  }

  /** A trial's run has reported or ended: what comes next in its study? Should it fail, the platform looks again by itself. */
  #lookAfter(studyId: number | null): Promise<void> {
    if (studyId === null) return this.#looking
    const { studies, onError } = this.#parts
    this.#looking = this.#looking.then(() => studies.advance(studyId)).catch(onError)
    return this.#looking
  }

  async #claim(job: JobWithMetadata<Payload>): Promise<Claim | null> {
    for (;;) {
      const claim = await claimRun(this.#parts.db, job.data.id, job.id, this.id)
      if (claim === 'gone') return null
      if (claim !== 'held') return claim
      if (this.#stopping) throw new Error(`Run ${job.data.id} was not taken: the worker shuts down`)
      await sleep(200)
    }
  }

  /** The handler has rejected: because it was told to, because its process died, or because the training failed. */
  async #end(held: Held, recorder: Recorder, job: JobWithMetadata<Payload>, error: unknown): Promise<void> {
    const { db, queue, onError } = this.#parts
    const { reason } = held.controller.signal
    // Nothing more can be stored if that is what went wrong; the reason says so already.
    await recorder.close().catch(onError)
    if (reason instanceof JobAborted) {
      if (reason.why === 'shutdown') {
        await handOver(db, held, reason.message, (tx) => queue.enqueue(tx, 'train', held.runId))
      }
      return
    }
    const { code, message } = described(reason ?? error)
    if (reason === undefined && !(error instanceof CrashError)) {
      return finishRun(db, held, { status: 'FAILED', error: { code, message } })
    }
    if (job.retryCount >= job.retryLimit) {
      return finishRun(db, held, { status: 'CRASHED', error: { code, message } })
    }
    await handOver(db, held, `${message}; the run is tried again`)
    throw error
  }
}
