import { readFileSync } from 'node:fs'
import { buildSchema, validate } from 'graphql'
import { expect, test } from 'vitest'
import { printDocumentTypes } from '../codegen/document-types.ts'
import * as documents from './documents.ts'

const schema = buildSchema(readFileSync(new URL('../../../api/schema.graphql', import.meta.url), 'utf8'))

test.each(Object.entries(documents))('%s is valid against the printed schema', (_name, document) => {
  expect(validate(schema, document)).toEqual([])
})

test('the generated types are those of the printed schema: npm run types -w packages/web renews them', () => {
  const committed = readFileSync(new URL('./documents.types.ts', import.meta.url), 'utf8')
  expect(withoutLayout(committed)).toBe(withoutLayout(printDocumentTypes(schema, Object.values(documents))))
})

/** The formatter breaks lines, and adds or drops the parentheses and separators that go with them. */
function withoutLayout(source: string): string {
  return source
    .replace(/[\s;()]/g, '')
    .replaceAll('=|', '=')
    .replaceAll(':|', ':')
    .replaceAll('<|', '<')
}
