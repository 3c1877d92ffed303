/** The console's built files: the page at /, the page for other sites' frames at /embed. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

export interface ConsoleOptions {
  /** Folder with index.html, and embed.html where /embed is a page of its own. */
  folder: string
  /** Origins, such as https://lab.example, that may show /embed in a frame. */
  embedOrigins: readonly string[]
}

export async function addConsole(app: FastifyInstance, { folder, embedOrigins }: ConsoleOptions): Promise<void> {
  await stat(join(folder, 'index.html')).catch((cause) => {
    throw new Error(`There is no index.html in ${folder}; build the console first`, { cause })
  })
  const embedPage = await stat(join(folder, 'embed.html')).then(
    () => 'embed.html',
    () => 'index.html',
  )
  const framedBy = (origins: readonly string[]) => `frame-ancestors ${["'self'", ...origins].join(' ')}`

  await app.register(async (pages) => {
    // Files of the console hold no data; what they ask the API for passes the gate.
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
    })
    await pages.register(fastifyStatic, {
      root: folder,
      // Vite names files under assets/ by their content; everything else is looked up anew.
      cacheControl: false,
      setHeaders: (reply, path) => {
        const forever = path.startsWith(join(folder, 'assets'))
        reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache')
        if (!reply.getHeader('content-security-policy')) reply.header('content-security-policy', framedBy([]))
      },
    })
    pages.get('/embed', (_request, reply) =>
      reply.header('content-security-policy', framedBy(embedOrigins)).sendFile(embedPage),
    )
    // Views of the console have addresses of their own: /runs/12 is its page too.
    pages.setNotFoundHandler((request, reply) => {
      const page = request.method === 'GET' && request.headers.accept?.includes('text/html')
      return page ? reply.sendFile('index.html') : reply.code(404).send({ error: `Nothing at ${request.url}` })
    })
  })
}
