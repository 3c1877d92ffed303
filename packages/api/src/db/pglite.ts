/** The embedded database: PGlite in a folder, with what it does not guard against itself guarded here. */
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { fromPglite } from 'pg-boss'
import { channel } from '../live/live.ts'
import type { Connection } from './connect.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { migrationsFolder } from './migrations.ts'
import * as schema from './schema.ts'

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/**
 * Opens the database under `folder`, and makes it first where there is none: in a folder of another name that is renamed
 * when it is whole, since a first start that was killed half-way leaves a database that cannot be opened.
 * @param image a dump of a database to start from instead of an empty one.
 * @throws StartupError FOLDER_LOCKED
 */
export async function openPglite(folder: string, image?: Blob): Promise<Connection> {
  const lock = await lockFolder(folder)
  try {
    const home = join(folder, 'database')
    if (!(await exists(home))) {
      const draft = join(folder, 'database.new')
      await rm(draft, { recursive: true, force: true })
      const fresh = await PGlite.create({ dataDir: draft, ...(image && { loadDataDir: image }) })
      await fresh.close()
      await rename(draft, home)
    }
    const client = await PGlite.create({ dataDir: home })
    const db = drizzle(client, { schema, casing: 'snake_case' })
    await migrate(db, { migrationsFolder })
    return {
      db: db as unknown as Database,
      queue: { db: fromPglite(client), backend: 'pglite' },
      exclusive: true,
      listen: async ({ receive }) => client.listen(channel, receive),
      close: async () => {
        await client.close()
        await lock.release()
      },
      image: () => client.dumpDataDir('none'),
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
