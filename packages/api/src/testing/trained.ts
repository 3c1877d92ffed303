import type { Handlers } from '../jobs/contracts.ts'
import type { Platform } from '../platform.ts'
import { request, until } from './client.ts'
import { datasetFolder } from './databases.ts'
import { trainer } from './trainer.ts'

export const gid = (type: string, id: number): string => Buffer.from(`${type}:${id}`).toString('base64')

export interface Trained {
  server: { url: string }
  runId: number
  datasetId: number
  /** The dataset's folder: a/1.jpg, a/2.png, b/1.jpg, b/2.png, each holding its class's letter. */
  folder: string
  /** The run's best checkpoint. */
  modelId: number
}

/** A server, a worker, and a run that has been trained and evaluated. */
export async function trained(platform: Platform, handlers: Handlers = trainer()): Promise<Trained> {
  const server = await platform.listen({ port: 0 })
  await platform.startWorker(handlers)
  const folder = await datasetFolder()
  const { id: datasetId } = await platform.services.datasets.import(folder)
  const { id: runId } = await platform.services.runs.start({ datasetId, config: { epochs: 1 } })
  await until(async () => (await platform.services.evaluations.ofRuns([runId])).length === 2)
  const model = (await platform.services.models.ofRuns([runId]))[0]?.[0]
  if (!model) throw new Error('The run left no model')
  return { server, runId, datasetId, folder, modelId: model.id }
}

/** Brings a file as clients do; gives the upload's global id. */
export async function upload(
  server: { url: string },
  name: string,
  bytes: Uint8Array,
  sha256: string,
): Promise<string> {
  const { createUpload } = await request(
    server,
    'mutation($input: CreateUploadInput!) { createUpload(input: $input) { ... on CreateUploadSuccess { upload { id url } } } }',
    { input: { name, bytes: bytes.length } },
  )
  const { id, url } = createUpload.upload
  const sent = await fetch(server.url + url, { method: 'PUT', body: new Uint8Array(bytes) })
  if (!sent.ok) throw new Error(await sent.text())
  const { completeUpload } = await request(
    server,
    'mutation($id: ID!, $sha256: String!) { completeUpload(id: $id, sha256: $sha256) { __typename ... on UserError { message } } }',
    { id, sha256 },
  )
  if (completeUpload.__typename !== 'CompleteUploadSuccess') throw new Error(completeUpload.message)
  return id
}
