/** The platform as one object: database, queue, services, workers and servers, opened and closed together. */
import { join, resolve } from 'node:path'
import { sql } from 'drizzle-orm'
import { ArtifactFolder } from './artifacts/artifacts.ts'
import { type Connection, connect } from './db/connect.ts'
import type { Database } from './db/database.ts'
import { type ListenOptions, listen, type Server } from './http/server.ts'
import type { Handlers } from './jobs/contracts.ts'
import { Queue } from './jobs/queue.ts'
import { Worker } from './jobs/worker.ts'
import { Live } from './live/live.ts'
import { DatasetService } from './modules/datasets/datasets.service.ts'
import { EvaluationService } from './modules/evaluations/evaluations.service.ts'
import { ExplanationService } from './modules/explanations/explanations.service.ts'
import { reconcileJobs } from './modules/jobs/jobs.lifecycle.ts'
import { JobService } from './modules/jobs/jobs.service.ts'
import { ModelService } from './modules/models/models.service.ts'
import { PredictionService } from './modules/predictions/predictions.service.ts'
import { reconcileRuns } from './modules/runs/runs.lifecycle.ts'
import { RunService } from './modules/runs/runs.service.ts'
import { StudyService } from './modules/studies/studies.service.ts'
import { UploadService } from './modules/uploads/uploads.service.ts'
import { WorkerService } from './modules/workers/workers.service.ts'
import type { Services } from './services.ts'

const reconcileMs = 2000
const expireMs = 60_000
const collectMs = 600_000

export interface PlatformOptions {
  /** Holds the embedded database, the folders of runs and what was uploaded; made where it is missing. One process at a time. */
  dataDir: string
  /** PostgreSQL instead of the embedded database: postgres://user:password@host:port/name. */
  databaseUrl?: string | undefined
  /** Folders that datasets and weights must lie under. Left out, any: right for a server that only its own user reaches. */
  roots?: readonly string[] | undefined
  /**
   * Hours after which an upload that no prediction or explanation shows is deleted. Left out, all are kept: of the processes on one
   * database it is for one to say.
   */
  keepUploads?: number | undefined
  /** How often a run whose worker died is tried again before it is CRASHED. Default 2. */
  retryLimit?: number
  /** Closes the platform on SIGINT and SIGTERM, then lets the signal end the process. Default true. */
  closeOnSignals?: boolean
  /** Hears of errors that nobody asked for: a lost connection, a bug behind a query. Default: the console. */
  onError?: (error: Error) => void
  /** A dump (`Platform.image`) that a new embedded database starts from. */
  image?: Blob
}

export interface Platform {
  db: Database
  services: Services
  /** Takes jobs in this process, `concurrency` at a time (default 1); the function it gives hands them over and stops. */
  startWorker(handlers: Handlers, options?: { concurrency?: number }): Promise<{ id: string; stop(): Promise<void> }>
  /** @throws StartupError PORT_IN_USE, UNSAFE_BIND */
  listen(options?: ListenOptions): Promise<Server>
  /** Dumps the embedded database; undefined on PostgreSQL. */
  image(): Promise<Blob | undefined>
  /** Servers, workers, queue, database, in this order. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Opens a platform, and takes care of the runs that a process which died has left behind.
 * @throws StartupError FOLDER_LOCKED, DATABASE_UNREACHABLE
 */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { databaseUrl, image, keepUploads, retryLimit = 2, roots, onError = console.error } = options
  const dataDir = resolve(options.dataDir)
  const connection = await connect({ dataDir, databaseUrl, image, onError })
  const { db } = connection
  const live = new Live()
  // What is open, in the order of opening; closed in reverse.
  const closers: (() => Promise<void>)[] = [() => connection.close()]
  const closeAll = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close()
  }

  try {
    closers.push(
      await connection.listen({ receive: (payload) => live.receive(payload), gap: () => live.gap(), onError }),
    )
    const queue = await Queue.open(db, connection.queue, { retryLimit, onError })
    closers.push(() => queue.close())
    const runs = new RunService(db, queue, { runsDir: join(dataDir, 'runs'), roots, now: () => new Date() })
    const jobs = new JobService(db, queue)
    const models = new ModelService(db)
    const artifacts = new ArtifactFolder(join(dataDir, 'artifacts'))
    const services: Services = {
      datasets: new DatasetService(db, roots, () => new Date()),
      runs,
      jobs,
      evaluations: new EvaluationService(db, jobs, runs),
      studies: new StudyService(db, runs, jobs),
      models,
      uploads: new UploadService(db, { artifacts, arrivals: join(dataDir, 'uploads'), now: () => new Date() }),
      predictions: new PredictionService(db, jobs, models),
      explanations: new ExplanationService(db, jobs, models, runs),
      workers: new WorkerService(db),
      live,
    }
    await recover(connection, queue, services)
    closers.push(
      every(reconcileMs, () => reconcile(db, services), onError),
      every(expireMs, () => services.uploads.expire(), onError),
    )
    if (keepUploads !== undefined) {
      closers.push(every(collectMs, () => services.uploads.collect(keepUploads), onError))
    }
    closers.push(async () => live.close())

    let closing: Promise<void> | undefined
    const close = () => {
      closing ??= closeAll()
      return closing
    }
    if (options.closeOnSignals ?? true) closers.push(closeOnSignals(close, onError))

    return {
      db,
      services,
      startWorker: async (handlers, { concurrency = 1 } = {}) => {
        const { runs, studies, evaluations, workers } = services
        const parts = { db, artifacts, queue, live, runs, studies, evaluations, workers, onError }
        const worker = new Worker(parts, handlers, concurrency)
        await worker.start()
        closers.push(() => worker.stop())
        return worker
      },
      listen: async (listenOptions = {}) => {
        const ping = async () => void (await db.execute(sql`select 1`))
        const server = await listen({ services, confined: roots !== undefined, ping, onError }, listenOptions)
        closers.push(() => server.close())
        return server
      },
      image: async () => connection.image?.(),
      close,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** At the start: where nobody else can be at work, whatever is under way was left by a process that died. */
async function recover({ db, exclusive }: Connection, queue: Queue, { workers }: Services): Promise<void> {
  if (exclusive) {
    await workers.forgetAll()
    await queue.failActive('The process that had it ended')
  }
  await reconcileRuns(db)
  await reconcileJobs(db)
}

async function reconcile(db: Database, { studies, workers }: Services): Promise<void> {
  await reconcileRuns(db)
  await reconcileJobs(db)
  await studies.reconcile()
  await workers.forgetLost()
}

/** Does it again and again, never twice at once; the function it gives ends that. */
function every(ms: number, work: () => Promise<void>, onError: (error: Error) => void): () => Promise<void> {
  let working: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    working = working.then(work).catch(onError)
  }, ms)
  return async () => {
    clearInterval(timer)
    await working
  }
}

/** An embedded database that is not closed has to recover; runs that are not handed over lose their way to the checkpoint. */
function closeOnSignals(close: () => Promise<void>, onError: (error: Error) => void): () => Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const remove = () => {
    for (const signal of signals) process.off(signal, heard)
  }
  const heard = (signal: NodeJS.Signals) => {
    remove()
    close()
      .catch(onError)
      .finally(() => process.kill(process.pid, signal))
  }
  for (const signal of signals) process.on(signal, heard)
  return async () => remove()
}
