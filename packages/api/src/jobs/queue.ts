/** The queue: pg-boss, on the same database as the rows its jobs are about, so that both are written in one transaction. */
import { sql } from 'drizzle-orm'
import { type Db, fromDrizzle, type JobWithMetadata, PgBoss } from 'pg-boss'
import { type Database, query } from '../db/database.ts'

export const trainQueue = 'train'

/** Payload of a job; everything else is read from the run when the job starts. */
export interface TrainPayload {
  runId: number
}

/** A worker that has not been heard of for so many seconds has lost its job; the least that pg-boss allows. */
const heartbeatSeconds = 10

/** The longest that pg-boss lets a job be active. Workers hand a run over well before. */
export const maxJobSeconds: number = 24 * 3600

const inTransaction = (tx: Database): Db =>
  fromDrizzle(tx as unknown as Parameters<typeof fromDrizzle>[0], sql as unknown as Parameters<typeof fromDrizzle>[1])

export interface QueueOptions {
  /** How often a run whose worker died is tried again before it is CRASHED. */
  retryLimit: number
  onError: (error: Error) => void
}

export class Queue {
  readonly #boss: PgBoss
  readonly #db: Database

  private constructor(boss: PgBoss, db: Database) {
    this.#boss = boss
    this.#db = db
  }

  /** @param connection pg-boss's own way to the database: an adapter, or a connection string. */
  static async open(
    db: Database,
    connection: { db: Db; backend: 'pglite' } | { connectionString: string },
    options: QueueOptions,
  ): Promise<Queue> {
    const boss = new PgBoss({
      ...connection,
      max: 4,
      useListenNotify: true,
      schedule: false,
      superviseIntervalSeconds: 1,
      monitorIntervalSeconds: 1,
      registerInstance: false,
      monitorVacuum: false,
    })
    boss.on('error', options.onError)
    await boss.start()
    const settings = {
      retryLimit: options.retryLimit,
      retryDelay: 0,
      heartbeatSeconds,
      expireInSeconds: maxJobSeconds,
      // A run waits for a worker as long as it takes; pg-boss' two weeks would drop its job.
      retentionSeconds: 365 * 24 * 3600,
      notify: true,
    }
    await boss.createQueue(trainQueue, settings)
    await boss.updateQueue(trainQueue, settings)
    return new Queue(boss, db)
  }

  /** Queues a run's training once the transaction commits; gives the job's id. */
  async enqueue(tx: Database, runId: number): Promise<string> {
    const payload: TrainPayload = { runId }
    const id = await this.#boss.send(trainQueue, payload, { db: inTransaction(tx) })
    if (id === null) throw new Error(`The queue took no job for run ${runId}`)
    return id
  }

  /** Takes a job away, queued or active, once the transaction commits. */
  async cancel(tx: Database, jobId: string): Promise<void> {
    await this.#boss.cancel(trainQueue, jobId, { db: inTransaction(tx) })
  }

  /** Takes jobs, `concurrency` at a time. A handler that throws has its job tried again. */
  async work(
    concurrency: number,
    handler: (job: JobWithMetadata<TrainPayload>) => Promise<void>,
  ): Promise<{ stop(): Promise<void> }> {
    const options = {
      localConcurrency: concurrency,
      batchSize: 1,
      includeMetadata: true,
      pollingIntervalSeconds: 1,
      // New jobs are told of at once; those that wait for another try are not.
      notifyPollingIntervalSeconds: 1,
      heartbeatRefreshSeconds: 2,
    } as const
    const id = await this.#boss.work<TrainPayload, void, typeof options>(trainQueue, options, async (jobs) => {
      for (const job of jobs) await handler(job)
    })
    return { stop: () => this.#boss.offWork(trainQueue, { id, wait: true }) }
  }

  /**
   * Gives every active job back for another try. Only for a process that knows that no other can be at work: it holds the
   * lock of an embedded database.
   */
  async failActive(reason: string): Promise<void> {
    const active = await query<{ id: string }>(
      this.#db,
      sql`select id from pgboss.job where name = ${trainQueue} and state = 'active'`,
    )
    const ids = active.map(({ id }) => id)
    if (ids.length > 0) await this.#boss.fail(trainQueue, ids, { message: reason })
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5_000, close: true })
  }
}
