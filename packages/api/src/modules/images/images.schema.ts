import { builder, type InputFields } from '../../graphql/builder.ts'
import { DatasetRef, JobRef, ModelRef, RunRef, UploadRef } from '../../graphql/refs.ts'
import type { ImageInput as NamedImage } from './images.ts'
import type { ImageWhere } from './images.where.ts'

export const ImageInput = builder.inputType('ImageInput', {
  description: 'An image: an upload that is complete, or a dataset and a path in it.',
  fields: (t) => ({
    upload: t.globalID({ for: UploadRef }),
    dataset: t.globalID({ for: DatasetRef }),
    path: t.string({ description: 'In the dataset’s folder, such as train/oak/1.jpg.' }),
  }),
})

/** What a client has sent, in the service's terms. */
export const namedImages = (inputs: readonly (typeof ImageInput.$inferInput)[]): NamedImage[] =>
  inputs.map(({ upload, dataset, path }) => ({ uploadId: upload?.id, datasetId: dataset?.id, path }))

/** The cost of a list that is read with its row. */
export const partOfRow = { field: 1, multiplier: 1 }

interface Source {
  uploadId: number | null
  datasetId: number | null
  path: string | null
}

export const ImageSourceRef = builder.objectRef<Source>('ImageSource').implement({
  description: 'Where an image came from, in the terms of ImageInput; all null once that is deleted.',
  fields: (t) => ({
    upload: t.field({ type: UploadRef, nullable: true, resolve: ({ uploadId }) => uploadId }),
    dataset: t.field({ type: DatasetRef, nullable: true, resolve: ({ datasetId }) => datasetId }),
    path: t.exposeString('path', { nullable: true }),
  }),
})

interface ClassProbability {
  class: string
  probability: number
}

export const ClassProbabilityRef = builder.objectRef<ClassProbability>('ClassProbability').implement({
  fields: (t) => ({ class: t.exposeString('class'), probability: t.exposeFloat('probability') }),
})

/** Classes with their probabilities, in the model's order. */
export const byClass = (row: { classes: string[]; probabilities: number[] }): ClassProbability[] =>
  row.classes.map((name, k) => ({ class: name, probability: row.probabilities[k] as number }))

/** What every filter of rows that tell of an image has. */
export const imageFilterFields = (t: InputFields) => ({
  job: t.globalID({ for: JobRef }),
  model: t.globalID({ for: ModelRef }),
  run: t.globalID({ for: RunRef }),
  sha256: t.string({ description: 'Of the image.' }),
})

type GlobalId = { id: number } | null | undefined

/** The same in the service's terms. */
export const imageWhere = (
  filter: { job?: GlobalId; model?: GlobalId; run?: GlobalId; sha256?: string | null | undefined } | null | undefined,
): ImageWhere => ({
  jobId: filter?.job?.id,
  modelId: filter?.model?.id,
  runId: filter?.run?.id,
  sha256: filter?.sha256,
})
