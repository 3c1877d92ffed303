/** Where the bytes of uploads are PUT: streamed to a file as they are, whatever the client says they are. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { Conflict, InvalidInput, NotFound } from '../errors.ts'
import type { UploadService } from '../modules/uploads/uploads.service.ts'
import { clientLeft } from './client-left.ts'

const statusOf = (error: unknown): number | null => {
  if (error instanceof InvalidInput) return 400
  if (error instanceof NotFound) return 404
  return error instanceof Conflict ? 409 : null
}

export async function addUploads(app: FastifyInstance, uploads: UploadService): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      (_request: unknown, payload: IncomingMessage, done: (e: null, body: unknown) => void) => done(null, payload),
    )
    scope.setErrorHandler((error: Error, request, reply) => {
      const status = clientLeft(request, error) ? 400 : statusOf(error)
      if (status === null) throw error
      return reply.code(status).send({ error: error.message })
    })
    scope.put<{ Params: { id: string } }>('/uploads/:id', async ({ params, headers, body, raw }, reply) => {
      const id = /^[1-9]\d{0,8}$/.test(params.id) ? Number(params.id) : 0
      if (headers['content-length'] === undefined) {
        return reply.code(411).send({ error: 'Send Content-Length: the size that was announced' })
      }
      // A request of no bytes has no body for Fastify.
      await uploads.receive(id, (body as IncomingMessage | undefined) ?? raw, Number(headers['content-length']))
      return reply.code(204).send()
    })
  })
}
