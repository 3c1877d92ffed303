import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSchema } from 'graphql'
import * as documents from '../core/documents.ts'
import { printDocumentTypes } from './document-types.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const schema = buildSchema(readFileSync(path('../../../api/schema.graphql'), 'utf8'))
writeFileSync(path('../core/documents.types.ts'), printDocumentTypes(schema, Object.values(documents)))
