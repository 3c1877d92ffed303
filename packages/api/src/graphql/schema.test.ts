import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { printed, schemaFile } from './print.ts'

it('is the one in schema.graphql; after a change, run `npm run print -w @sporeprint/api`', async () => {
  expect(await readFile(schemaFile, 'utf8')).toBe(printed())
})
