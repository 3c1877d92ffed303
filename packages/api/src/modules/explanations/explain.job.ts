import type { JobKind } from '../../jobs/kinds.ts'
import type { ExplainJob, ExplainResult, ExplainSettings } from '../../jobs/serving.ts'
import { type ImageSource, locateImages } from '../images/images.ts'
import { modelPath } from '../models/models.service.ts'
import { explanations } from './explanations.table.ts'

/** An image to explain. */
export interface Subject extends ImageSource {
  /** The class that it really is, where it is known. */
  actual: string | null
  /** Classes to explain in it; null takes those of the settings. */
  labels: string[] | null
}

export interface ExplainInput {
  modelId: number
  images: Subject[]
  settings: ExplainSettings
}

export const explainKind: JobKind<ExplainInput, ExplainJob, ExplainResult> = {
  async prepare(at, { modelId, images, settings }) {
    const files = await locateImages(at, images)
    const labelled = files.map((file, i) => ({ ...file, labels: images[i]?.labels ?? null }))
    return { modelPath: await modelPath(at.db, modelId), images: labelled, settings }
  },

  async store(tx, { jobId, input: { modelId, images, settings }, result }) {
    const { modelSha256, classes, size } = result
    const about = { jobId, modelId, modelSha256, classes, size, settings, createdAt: new Date() }
    await tx.insert(explanations).values(
      result.images.map((explained, i) => {
        const { name, labels: _asked, ...source } = images[i] as Subject
        return { ...about, ...source, image: name, ...explained }
      }),
    )
  },
}
