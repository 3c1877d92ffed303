import { and, eq, inArray, type SQL } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import { parsePredictSettings } from '../../jobs/serving.ts'
import { checkImages, type ImageInput } from '../images/images.ts'
import { type ImageWhere, imageCondition } from '../images/images.where.ts'
import type { JobService } from '../jobs/jobs.service.ts'
import type { JobRow } from '../jobs/jobs.table.ts'
import type { ModelService } from '../models/models.service.ts'
import { type PredictionRow, predictions } from './predictions.table.ts'

/** Images of one question. */
const mostImages = 100

export interface Predict {
  modelId: number
  images: readonly ImageInput[]
  /** As PredictSettings, before they are checked. */
  settings: object
}

export const newestPredictions: Key<PredictionRow> = byCreation(predictions)

export interface PredictionWhere extends ImageWhere {
  label?: string | null | undefined
}

export class PredictionService {
  readonly #db: Database
  readonly #jobs: JobService
  readonly #models: ModelService

  constructor(db: Database, jobs: JobService, models: ModelService) {
    this.#db = db
    this.#jobs = jobs
    this.#models = models
  }

  byIds(ids: number[]): Promise<PredictionRow[]> {
    return this.#db.select().from(predictions).where(inArray(predictions.id, ids))
  }

  list(where: PredictionWhere): Rows<PredictionRow> {
    return rowsOf(this.#db, predictions, this.#condition(where))
  }

  /** @throws NotFound, InvalidInput, Conflict */
  async ask({ modelId, images, settings }: Predict): Promise<JobRow> {
    const parsed = parsePredictSettings(settings)
    const model = await this.#models.get(modelId)
    return this.#db.transaction(async (tx) => {
      const sources = await checkImages(tx, images, mostImages)
      return this.#jobs.ask(tx, 'predict', { modelId, images: sources, settings: parsed }, model.runId)
    })
  }

  #condition({ label, ...where }: PredictionWhere): SQL | undefined {
    return and(imageCondition(this.#db, predictions, where), label ? eq(predictions.label, label) : undefined)
  }
}
