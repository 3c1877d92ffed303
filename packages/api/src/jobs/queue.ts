/** The queue: pg-boss, on the same database as the rows its jobs are about, so that both are written in one transaction. */
import { sql } from 'drizzle-orm'
import { type Db, fromDrizzle, type JobWithMetadata, PgBoss } from 'pg-boss'
import { type Database, query } from '../db/database.ts'

/** Trainings take hours; what is answered in seconds has a queue of its own, so that it never waits for one. */
export const queues = ['train', 'short'] as const
export type QueueName = (typeof queues)[number]

/** What a queued job is about: a run's training, or a row of `jobs`. Everything else is read from there when it starts. */
export interface Payload {
  id: number
}

/** A worker that has not been heard of for so many seconds has lost its job; the least that pg-boss allows. */
const heartbeatSeconds = 10

/** The longest that pg-boss lets a job be active. Workers hand a run over well before. */
export const maxJobSeconds: number = 24 * 3600

const inTransaction = (tx: Database): Db =>
  fromDrizzle(tx as unknown as Parameters<typeof fromDrizzle>[0], sql as unknown as Parameters<typeof fromDrizzle>[1])

export interface QueueOptions {
  /** How often what a worker died at is tried again before it is given up. */
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
      // What is asked waits for a worker as long as it takes; pg-boss' two weeks would drop it.
      retentionSeconds: 365 * 24 * 3600,
      notify: true,
    }
    for (const name of queues) {
      await boss.createQueue(name, settings)
      await boss.updateQueue(name, settings)
    }
    return new Queue(boss, db)
  }

  /** Queues a run's training, or a short job, once the transaction commits; gives the id by which the queue knows it. */
  async enqueue(tx: Database, queue: QueueName, id: number): Promise<string> {
    const payload: Payload = { id }
    const queued = await this.#boss.send(queue, payload, { db: inTransaction(tx) })
    if (queued === null) throw new Error(`The ${queue} queue took no job for ${id}`)
    return queued
  }

  /** Takes a job away, queued or active, once the transaction commits. */
  async cancel(tx: Database, queue: QueueName, queued: string): Promise<void> {
    await this.#boss.cancel(queue, queued, { db: inTransaction(tx) })
  }

  /** Takes jobs, `concurrency` at a time. A handler that throws has its job tried again. */
  async work(
    queue: QueueName,
    concurrency: number,
    handler: (job: JobWithMetadata<Payload>) => Promise<void>,
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
    const id = await this.#boss.work<Payload, void, typeof options>(queue, options, async (jobs) => {
      for (const job of jobs) await handler(job)
    })
    return { stop: () => this.#boss.offWork(queue, { id, wait: true }) }
  }

  /**
   * Gives every active job back for another try. Only for a process that knows that no other can be at work: it holds the
   * lock of an embedded database.
   */
  async failActive(reason: string): Promise<void> {
    for (const name of queues) {
      const active = await query<{ id: string }>(
        this.#db,
        sql`select id from pgboss.job where name = ${name} and state = 'active'`,
      )
      const ids = active.map(({ id }) => id)
      if (ids.length > 0) await this.#boss.fail(name, ids, { message: reason })
    }
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5_000, close: true })
  }
}
