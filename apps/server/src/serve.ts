import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPlatform, type Platform } from '@sporeprint/api'
import { untilInterrupted } from './cli/interrupt.ts'
import type { Io } from './cli/io.ts'
import { demoFolder, startDemo } from './demo.ts'
import { exists } from './files.ts'
import { handlers } from './jobs/handlers.ts'

export interface ServeOptions {
  data: string
  port: number
  host: string
  worker: boolean
  demo?: true
  keepUploads: number
  root?: string[]
  allowedHost?: string[]
  embedOrigin?: string[]
}

/** The console as `npm run build` leaves it. */
const consoleFolder = fileURLToPath(new URL('../../console/dist', import.meta.url))

/** Serves until the process is interrupted. Throws StartupError where the folder is locked or the port taken. */
export async function serve(io: Io, options: ServeOptions): Promise<void> {
  const data = resolve(options.data)
  const stop = new AbortController()
  const interrupted = untilInterrupted((signal) => {
    io.log(`${signal}: stopping. A run that is under way goes on at the next start.`)
    stop.abort()
  })
  const platform = await openPlatform({
    dataDir: data,
    databaseUrl: process.env.DATABASE_URL || undefined,
    roots: options.root && [...options.root.map((root) => resolve(root)), demoFolder(data)],
    keepUploads: options.keepUploads,
    closeOnSignals: false,
    onError: (error) => io.failure(error),
  })
  try {
    const url = await listen(io, platform, options)
    if (options.worker) await platform.startWorker(handlers)
    io.say(`Sporeprint listens on ${url}`)
    io.document({ url, data, worker: options.worker })
    if (options.demo) await offerDemo(io, platform, data, url, stop.signal)
    io.say('Ctrl-C ends it.')
    await interrupted
  } finally {
    await platform.close()
  }
}

async function listen(io: Io, platform: Platform, options: ServeOptions): Promise<string> {
  const { host, port, allowedHost = [], embedOrigin = [] } = options
  const token = process.env.SPOREPRINT_TOKEN
  const built = await exists(join(consoleFolder, 'index.html'))
  if (!built) io.log('The console is not built, so only the API is served: run npm run build, then start again.')
  const server = await platform.listen({
    host,
    port,
    allowedHosts: allowedHost,
    embedOrigins: embedOrigin,
    ...(built && { consoleDir: consoleFolder }),
    ...(token && { token }),
  })
  return server.url
}

/** The server is of use without its demo, so that a demo that fails is told and does not end it. */
async function offerDemo(io: Io, platform: Platform, data: string, url: string, signal: AbortSignal): Promise<void> {
  try {
    const demo = await startDemo(platform.services, data, {
      signal,
      onWrite: (folder) => io.log(`Writing the demo images to ${relative('', folder) || folder}`),
    })
    if (demo) io.say(`A demo run trains ${demo.description}: watch it on ${url}`)
  } catch (error) {
    if (!signal.aborted) io.failure(new Error('the demo could not be started', { cause: error }))
  }
}
