/** Bringing files to the server: create an upload, send its bytes, complete it with their hash. */
import type { Api } from './api.ts'
import { completeUploadMutation, createUploadMutation } from './documents.ts'
import { ApiError } from './errors.ts'

/** The upload's id. @throws {ApiError} */
export async function uploadFile(api: Api, file: File): Promise<string> {
  const bytes = await file.arrayBuffer().catch((cause: Error) => {
    throw new ApiError('UNREADABLE', `${file.name} cannot be read (${cause.message}).`, 'Choose a file, not a folder.')
  })
  const { createUpload } = await api.mutate(createUploadMutation, {
    input: { name: file.name, bytes: bytes.byteLength },
  })
  if ('message' in createUpload) throw new ApiError('REFUSED', `${file.name}: ${createUpload.message}`)
  const { id, url } = createUpload.upload
  await api.put(url, bytes)
  const { completeUpload } = await api.mutate(completeUploadMutation, { id, sha256: await sha256(bytes) })
  if ('message' in completeUpload) throw new ApiError('REFUSED', `${file.name}: ${completeUpload.message}`)
  return id
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  // Browsers have no crypto.subtle on plain http, but for localhost.
  if (!globalThis.crypto?.subtle) {
    const cure = 'Open the console by https, or on the server’s own machine by http://localhost.'
    throw new ApiError('INSECURE_PAGE', 'The browser hashes no files on a page that came by plain http.', cure)
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
