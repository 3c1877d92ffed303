import { and, eq, inArray, type SQL } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { NotFound } from '../../errors.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import { type ModelRow, models } from './models.table.ts'

export const newestModels: Key<ModelRow> = byCreation(models)

export interface ModelWhere {
  runId: number | undefined
  kind: ModelRow['kind'] | undefined
}

const condition = ({ runId, kind }: ModelWhere): SQL | undefined =>
  and(runId === undefined ? undefined : eq(models.runId, runId), kind === undefined ? undefined : eq(models.kind, kind))

export class ModelService {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  byIds(ids: number[]): Promise<ModelRow[]> {
    return this.#db.select().from(models).where(inArray(models.id, ids))
  }

  /** @throws NotFound */
  async get(id: number): Promise<ModelRow> {
    const [model] = await this.byIds([id])
    if (!model) throw new NotFound('Model', id)
    return model
  }

  /** The models of each run, best before last. */
  async ofRuns(runIds: number[]): Promise<ModelRow[][]> {
    const rows = await this.#db.select().from(models).where(inArray(models.runId, runIds)).orderBy(models.kind)
    return runIds.map((runId) => rows.filter((row) => row.runId === runId))
  }

  list(where: ModelWhere): Rows<ModelRow> {
    return rowsOf(this.#db, models, condition(where))
  }
}

/** The folder of a model that a worker is to load. @throws NotFound */
export async function modelPath(db: Database, id: number): Promise<string> {
  const [model] = await db.select({ path: models.path }).from(models).where(eq(models.id, id))
  if (!model) throw new NotFound('Model', id)
  return model.path
}
