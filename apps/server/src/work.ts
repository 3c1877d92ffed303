import { openPlatform } from '@sporeprint/api'
import { UsageError } from './cli/errors.ts'
import { untilInterrupted } from './cli/interrupt.ts'
import type { Io } from './cli/io.ts'
import { handlers } from './jobs/handlers.ts'

export interface WorkOptions {
  data: string
  concurrency: number
}

/** Takes jobs from the database that DATABASE_URL names until the process is interrupted. */
export async function work(io: Io, { data, concurrency }: WorkOptions): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL
  if (!databaseUrl) {
    throw new UsageError(
      'worker needs DATABASE_URL, a PostgreSQL database: the embedded one belongs to `sporeprint serve`, which has a worker of its own',
    )
  }
  const interrupted = untilInterrupted((signal) => io.log(`${signal}: handing over what is under way.`))
  const onError = (error: Error): void => io.failure(error)
  const platform = await openPlatform({ dataDir: data, databaseUrl, closeOnSignals: false, onError })
  try {
    const { id } = await platform.startWorker(handlers, { concurrency })
    io.say(`Worker ${id} takes ${concurrency === 1 ? 'one job' : `${concurrency} jobs`} at a time; Ctrl-C ends it.`)
    io.document({ worker: id, concurrency, data })
    await interrupted
  } finally {
    await platform.close()
  }
}
