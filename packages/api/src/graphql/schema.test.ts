import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { buildSchema } from './library.ts'
import { printed, schemaFile } from './print.ts'
import { schema } from './schema.ts'

it('is the one in schema.graphql; after a change, run `npm run print -w @sporeprint/api`', async () => {
  // Printed again, since the formatter lays the file out in its own way.
  expect(printed(buildSchema(await readFile(schemaFile, 'utf8')))).toBe(printed(schema))
})
