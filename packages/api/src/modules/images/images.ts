/** Images that are to be looked at: an upload, or a file of a dataset by its path in it; never a path of the client's own. */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { inArray } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import type { WorkPlace } from '../../jobs/kinds.ts'
import type { ImageFile } from '../../jobs/serving.ts'
import { type DatasetRow, datasets } from '../datasets/datasets.table.ts'
import { liesUnder } from '../datasets/scan.ts'
import { type UploadRow, uploads } from '../uploads/uploads.table.ts'

/** As a client names it. */
export interface ImageInput {
  uploadId?: number | null | undefined
  datasetId?: number | null | undefined
  path?: string | null | undefined
}

/** Where an image comes from, as it is kept: either an upload or a dataset and a path in it. */
export interface ImageSource {
  /** What people call it. */
  name: string
  uploadId: number | null
  datasetId: number | null
  path: string | null
}

/** An image that a worker cannot get at. */
class MissingImage extends Error {
  readonly code = 'BAD_IMAGE'
}

/** Whether it stays in the folder that it is relative to, by its letters alone: links are followed where the files are. */
const staysInside = (path: string): boolean =>
  path.length > 0 &&
  path.length <= 1000 &&
  !path.includes('\0') &&
  !isAbsolute(path) &&
  !path.split(/[\\/]/).some((part) => part === '..' || part === '')

/**
 * Looks up what a client names, in the transaction in which it is asked about: until that ends no upload of it is deleted.
 * @throws InvalidInput, NotFound, Conflict where an upload is not complete.
 */
export async function checkImages(tx: Database, inputs: readonly ImageInput[], most: number): Promise<ImageSource[]> {
  if (inputs.length < 1 || inputs.length > most) {
    const issue = { field: 'input.images', value: `${inputs.length} images`, message: `must be 1 to ${most} images` }
    throw new InvalidInput([issue])
  }
  const byId = await lookUp(tx, inputs)
  return inputs.map(({ uploadId, datasetId, path }, i) => {
    const refuse = (value: string | null, message: string) =>
      new InvalidInput([{ field: `input.images.${i}`, value, message }])
    if (typeof uploadId === 'number' && datasetId == null && path == null) {
      const upload = byId.uploads.get(uploadId)
      if (!upload) throw new NotFound('Upload', uploadId)
      if (!upload.completedAt) throw new Conflict(`Upload ${uploadId} is not complete: send its bytes and complete it`)
      return { name: upload.name, uploadId, datasetId: null, path: null }
    }
    if (typeof datasetId === 'number' && typeof path === 'string' && uploadId == null) {
      if (!byId.datasets.has(datasetId)) throw new NotFound('Dataset', datasetId)
      if (!staysInside(path)) throw refuse(path, 'must be a path inside the dataset’s folder, such as train/oak/1.jpg')
      return { name: path, uploadId: null, datasetId, path }
    }
    throw refuse(null, 'must name an upload, or a dataset and a path in it')
  })
}

/**
 * Finds the files on this machine.
 * @throws an error of code BAD_IMAGE that names the first that is not there; whether there is something outside a dataset's folder
 * is not found out.
 */
export async function locateImages(
  { db, artifacts }: WorkPlace,
  sources: readonly ImageSource[],
): Promise<ImageFile[]> {
  const byId = await lookUp(db, sources)
  return Promise.all(
    sources.map(async ({ name, uploadId, datasetId, path }) => {
      const sha256 = uploadId === null ? null : byId.uploads.get(uploadId)?.sha256
      if (sha256)
        return { name, path: await fileAt(artifacts.path(sha256), `Upload ${uploadId} is not on this machine`) }
      const dataset = datasetId === null ? undefined : byId.datasets.get(datasetId)
      if (!dataset || path === null) throw new MissingImage(`${name} is gone: its upload or dataset was deleted`)
      const missing = `${path} is no file of the dataset ${dataset.name}`
      const file = await fileAt(join(dataset.path, path), missing)
      if (!liesUnder(file, [await realpath(dataset.path)])) throw new MissingImage(missing)
      return { name, path: file }
    }),
  )
}

/** The real path of a file, with every link followed. */
async function fileAt(path: string, missing: string): Promise<string> {
  const file = await realpath(path).catch((cause) => {
    throw new MissingImage(missing, { cause })
  })
  if (!(await stat(file)).isFile()) throw new MissingImage(missing)
  return file
}

async function lookUp(
  db: Database,
  named: readonly ImageInput[],
): Promise<{ uploads: Map<number, UploadRow>; datasets: Map<number, DatasetRow> }> {
  const uploadIds = named.flatMap(({ uploadId }) => uploadId ?? [])
  const datasetIds = named.flatMap(({ datasetId }) => datasetId ?? [])
  const [uploadRows, datasetRows] = [
    uploadIds.length > 0 ? await db.select().from(uploads).where(inArray(uploads.id, uploadIds)).for('key share') : [],
    datasetIds.length > 0 ? await db.select().from(datasets).where(inArray(datasets.id, datasetIds)) : [],
  ]
  return {
    uploads: new Map(uploadRows.map((row) => [row.id, row])),
    datasets: new Map(datasetRows.map((row) => [row.id, row])),
  }
}
