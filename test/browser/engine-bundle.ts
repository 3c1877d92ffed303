/** Bundles a page's script from the workspace's source, as an application that uses the engine would. */
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Rolldown } from 'vite'

export interface Bundle {
  code: string
  /** Every module that got in, by path or by Vite's name for what is not a file. */
  modules: string[]
  /** What the script would still import when it runs. */
  imports: string[]
}

/** One ES module of the file `entry` and all that it imports; nothing is written to disk. */
export async function bundleForPage(entry: string): Promise<Bundle> {
  const output = (await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'silent',
    resolve: { conditions: ['@sporeprint/source', ...defaultClientConditions] },
    build: { write: false, minify: false, target: 'es2023', lib: { entry, formats: ['es'], fileName: 'page' } },
  })) as Rolldown.RolldownOutput[]
  const chunks = output.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  const [chunk, ...others] = chunks
  if (!chunk || others.length > 0) throw new Error(`${entry} became ${chunks.length} scripts, not one`)
  return { code: chunk.code, modules: chunk.moduleIds, imports: [...chunk.imports, ...chunk.dynamicImports] }
}
