import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Rolldown } from 'vite'
import { CommandError } from '../cli/errors.ts'

/** The demo page's script with all of the engine that it needs, as one ES module. Vite comes with the workspace's own tools. */
export async function bundleDemoPage(): Promise<string> {
  const { build, defaultClientConditions } = await import('vite').catch((cause) => {
    throw new CommandError('NO_BUNDLER', 'a demo page is bundled by vite, which is not installed: npm install', {
      cause,
    })
  })
  // A .ts in the source tree, a .js in a build.
  const entry = fileURLToPath(new URL(`./demo-page${extname(import.meta.url)}`, import.meta.url))
  const output = (await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'silent',
    resolve: { conditions: ['@sporeprint/source', ...defaultClientConditions] },
    build: {
      write: false,
      target: 'es2023',
      minify: true,
      rolldownOptions: {
        input: entry,
        output: { format: 'es', codeSplitting: false },
      },
    },
  })) as Rolldown.RolldownOutput
  const chunks = output.output.filter((part) => part.type === 'chunk')
  const [chunk, ...others] = chunks
  if (!chunk || others.length > 0) throw new Error(`the demo page became ${chunks.length} scripts, not one`)
  return chunk.code
}
