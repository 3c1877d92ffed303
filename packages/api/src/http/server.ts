import { isIP } from 'node:net'
import Fastify from 'fastify'
import { StartupError } from '../errors.ts'
import type { Services } from '../services.ts'
import { addConsole } from './console.ts'
import { addGate } from './gate.ts'
import { addGraphql } from './graphql.ts'
import { addUploads } from './uploads.ts'

export interface ListenOptions {
  /** Default 127.0.0.1. Any address that other machines reach asks for a token, and for dataset roots. */
  host?: string
  /** Default 4100; 0 takes any free port. */
  port?: number
  /** Folder of the built console; left out, only the API is served. */
  consoleDir?: string
  /** Asked of every request to the API, as `Authorization: Bearer …`. */
  token?: string
  /** Names by which the server may be addressed, besides localhost and the host it binds to. */
  allowedHosts?: readonly string[]
  /** Origins that may show /embed in a frame. */
  embedOrigins?: readonly string[]
}

export interface Server {
  url: string
  host: string
  port: number
  /** Ends live streams, finishes what is being answered, frees the port. */
  close(): Promise<void>
}

export interface ServerParts {
  services: Services
  /** True where datasets are confined to configured folders. */
  confined: boolean
  /** Rejects where the database does not answer. */
  ping: () => Promise<void>
  onError: (error: Error) => void
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

/** @throws StartupError UNSAFE_BIND */
function checkBind(host: string, token: string | undefined, confined: boolean): void {
  if (isLoopback(host)) return
  const missing = [...(token ? [] : ['a token']), ...(confined ? [] : ['dataset roots'])]
  if (missing.length === 0) return
  throw new StartupError(
    'UNSAFE_BIND',
    `Other machines can reach ${host}, so listening there needs ${missing.join(' and ')}. Set them, or listen on 127.0.0.1`,
  )
}

/** @throws StartupError PORT_IN_USE, UNSAFE_BIND */
export async function listen(parts: ServerParts, options: ListenOptions): Promise<Server> {
  const { host = '127.0.0.1', port = 4100, token, consoleDir, allowedHosts = [], embedOrigins = [] } = options
  checkBind(host, token, parts.confined)
  const { services, onError } = parts
  const app = Fastify({ bodyLimit: 256 * 1024, forceCloseConnections: 'idle' })
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) onError(error)
    return reply
      .code(status)
      .send({ error: status >= 500 ? 'The server failed to answer; its log has the cause' : error.message })
  })

  const bound = isIP(host) === 6 ? `[${host}]` : host
  addGate(app, { token, allowedHosts: [bound, ...allowedHosts] })
  await addGraphql(app, { context: () => ({ services, local: isLoopback(host) }), onError })
  await addUploads(app, services.uploads)
  app.get('/health', { config: { public: true } }, async (_request, reply) => {
    try {
      await parts.ping()
      return { status: 'ok' }
    } catch (error) {
      onError(error as Error)
      return reply.code(503).send({ status: 'unavailable', error: 'The database does not answer' })
    }
  })
  if (consoleDir !== undefined) await addConsole(app, { folder: consoleDir, embedOrigins })

  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    const message = `Port ${port} on ${host} is taken by another program. Stop it, or choose another port`
    throw new StartupError('PORT_IN_USE', message, { cause: error })
  }
  const address = app.server.address()
  const actual = typeof address === 'object' && address ? address.port : port
  return { url: `http://${bound}:${actual}`, host, port: actual, close: () => app.close() }
}
