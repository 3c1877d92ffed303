import { eq } from 'drizzle-orm'
import type { JobKind } from '../../jobs/kinds.ts'
import type { PredictJob, PredictResult, PredictSettings } from '../../jobs/serving.ts'
import { type ImageSource, locateImages } from '../images/images.ts'
import { jobs } from '../jobs/jobs.table.ts'
import { modelPath } from '../models/models.service.ts'
import { predictions } from './predictions.table.ts'

export interface PredictInput {
  modelId: number
  images: ImageSource[]
  settings: PredictSettings
}

export const predictKind: JobKind<PredictInput, PredictJob, PredictResult> = {
  async prepare(at, { modelId, images, settings }) {
    return { modelPath: await modelPath(at.db, modelId), images: await locateImages(at, images), settings }
  },

  async store(tx, { jobId, input, result }) {
    const { modelSha256, classes, temperature, images, skipped } = result
    const about = { jobId, modelId: input.modelId, modelSha256, classes, temperature, createdAt: new Date() }
    const rows = images.map(({ index, ...said }) => {
      const { name, ...source } = input.images[index] as ImageSource
      return { ...about, ...source, image: name, ...said }
    })
    if (rows.length > 0) await tx.insert(predictions).values(rows)
    await tx.update(jobs).set({ skipped }).where(eq(jobs.id, jobId))
  },
}
