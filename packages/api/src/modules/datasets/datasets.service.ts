import { basename } from 'node:path'
import { and, eq, inArray } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { Conflict, InvalidInput } from '../../errors.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import { type DatasetRow, datasets } from './datasets.table.ts'
import { resolveFolder, scanClassFolders } from './scan.ts'

export const newestDatasets: Key<DatasetRow> = byCreation(datasets)

export class DatasetService {
  readonly #db: Database
  readonly #roots: readonly string[] | undefined
  readonly #now: () => Date

  /** @param roots folders that datasets must lie under; undefined allows any (docs/decisions/0003-paths.md). */
  constructor(db: Database, roots: readonly string[] | undefined, now: () => Date) {
    this.#db = db
    this.#roots = roots
    this.#now = now
  }

  byIds(ids: number[]): Promise<DatasetRow[]> {
    return this.#db.select().from(datasets).where(inArray(datasets.id, ids))
  }

  list(): Rows<DatasetRow> {
    return rowsOf(this.#db, datasets)
  }

  /**
   * Registers a folder of class folders. The images are counted, not decoded; the same folder under the same name again
   * counts them anew.
   * @throws InvalidInput where the folder is missing, outside the roots, or not a dataset.
   * @throws Conflict where another folder has the name.
   */
  async import(path: string, name?: string): Promise<DatasetRow> {
    const folder = await resolveFolder(path, this.#roots)
    const classes = await scanClassFolders(folder)
    const label = (name ?? basename(folder)).trim()
    if (label.length === 0 || label.length > 200) {
      throw new InvalidInput([{ field: 'input.name', value: label, message: 'must have 1 to 200 characters' }])
    }
    return this.#db.transaction(async (tx) => {
      const same = and(eq(datasets.path, folder), name === undefined ? undefined : eq(datasets.name, label))
      const [known] = await tx.update(datasets).set({ classes }).where(same).returning()
      if (known) return known
      const [created] = await tx
        .insert(datasets)
        .values({ name: label, path: folder, classes, createdAt: this.#now() })
        .onConflictDoNothing()
        .returning()
      if (!created) throw new Conflict(`There is another dataset named ${label}; give this one a name of its own`)
      return created
    })
  }
}
