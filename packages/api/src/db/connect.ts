import type { Db } from 'pg-boss'
import type { Database } from './database.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'

export interface Listener {
  receive: (payload: string) => void
  /** Notifications may have been missed. */
  gap: () => void
  onError: (error: Error) => void
}

/** One database, PGlite or PostgreSQL. */
export interface Connection {
  db: Database
  /** How pg-boss reaches the same database. */
  queue: { db: Db; backend: 'pglite' } | { connectionString: string }
  /** True where no other process can be at work on this database. */
  exclusive: boolean
  /** Hears the live channel until the function it gives is called. */
  listen(listener: Listener): Promise<() => Promise<void>>
  close(): Promise<void>
  /** A dump from which other databases can start, where there is such a thing. */
  image?(): Promise<Blob>
}

export interface ConnectOptions {
  dataDir: string
  databaseUrl?: string | undefined
  /** A dump to begin a new embedded database with; tests start ten times as fast from one. */
  image?: Blob | undefined
  onError: (error: Error) => void
}

/** Opens PostgreSQL where a URL is given, the embedded database in `dataDir` otherwise, with every migration applied. */
export const connect = ({ dataDir, databaseUrl, image, onError }: ConnectOptions): Promise<Connection> =>
  databaseUrl ? openPostgres(databaseUrl, onError) : openPglite(dataDir, image)
