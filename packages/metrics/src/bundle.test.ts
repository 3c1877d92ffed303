import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import { expect, test } from 'vitest'

const index = fileURLToPath(new URL('./index.ts', import.meta.url))

/** What a bundler makes for a browser of a module that re-exports `what` of this package. */
async function bundle(what: string): Promise<{ code: string; imports: string[] }> {
  const entry: Plugin = {
    name: 'entry',
    resolveId: (id) => (id.endsWith('entry.js') ? 'entry' : null),
    load: (id) => (id === 'entry' ? `export ${what} from ${JSON.stringify(index)}` : null),
  }
  const output = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    plugins: [entry],
    build: { write: false, lib: { entry: 'entry.js', formats: ['es'] } },
  })
  if (!Array.isArray(output)) throw new Error('the bundler gave no output')
  const chunks = output.flatMap((o) => o.output).flatMap((o) => (o.type === 'chunk' ? [o] : []))
  return { code: chunks.map(({ code }) => code).join(), imports: chunks.flatMap(({ imports }) => imports) }
}

test('a bundle has only what it uses, and nothing that a browser lacks', async () => {
  const all = await bundle('*')
  const one = await bundle('{ cohenKappa }')
  expect(all.imports).toEqual([])
  expect(all.code).not.toMatch(/\b(process|Buffer|require|node:)\b/)
  expect(all.code).toContain('ScoreHistogram')
  // It and the counts of a confusion matrix: two kilobytes before they are minified.
  expect(one.code.length).toBeLessThan(3000)
  expect(one.code.length).toBeGreaterThan(300)
  expect(one.code).toContain('MetricsInputError')
  expect(one.code).not.toContain('Accumulator')
})
