import type { FastifyRequest } from 'fastify'

/** What reading from a connection that is gone, or writing to it, ends with. */
const endings: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/**
 * Whether an error is only that the client has gone away, a page that was closed: no fault of the server's, and nobody
 * hears the answer. A database's connection breaks with the same codes, so the client's own must be gone.
 */
export const clientLeft = (request: FastifyRequest, error: unknown): boolean =>
  request.raw.socket.destroyed && endings.has((error as NodeJS.ErrnoException).code)
