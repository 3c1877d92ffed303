/** Writes schema.graphql, which clients generate from; the tests hold it against the schema in code. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from './library.ts'
import { schema } from './schema.ts'

export const schemaFile: string = fileURLToPath(new URL('../../schema.graphql', import.meta.url))

export const printed = (of: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(of))}\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(schemaFile, printed(schema))
