/** The schema builder and the scalars: every module adds its types to this one object (code first, with Pothos). */
import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import DataloaderPlugin from '@pothos/plugin-dataloader'
import ErrorsPlugin from '@pothos/plugin-errors'
import RelayPlugin from '@pothos/plugin-relay'
import type { Context } from './context.ts'
import { GraphQLError } from './library.ts'

export interface SchemaTypes {
  Context: Context
  Scalars: {
    ID: { Input: string; Output: string | number }
    DateTime: { Input: Date; Output: Date }
  }
  Connection: { totalCount: () => Promise<number> }
  DefaultFieldNullability: false
  DefaultNodeNullability: false
  DefaultEdgesNullability: { list: false; items: false }
}

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** What one operation may cost; the console's largest query, a gallery of explanations, stays under a half of it. */
const limit = { depth: 12, breadth: 400, complexity: 50_000 }

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, DataloaderPlugin, RelayPlugin, ComplexityPlugin],
  defaultFieldNullability: false,
  relay: {
    nodeTypeOptions: { description: 'Anything with a global id.' },
    nodesQueryOptions: false,
    edgesFieldOptions: { nullable: { list: false, items: false } },
    nodeFieldOptions: { nullable: false },
    // connection { nodes } beside edges, for those who need no cursor of each.
    nodesOnConnection: true,
  },
  errors: {
    defaultUnionOptions: { name: ({ fieldName }) => `${capitalised(fieldName)}Result` },
    defaultResultOptions: { name: ({ fieldName }) => `${capitalised(fieldName)}Success` },
  },
  complexity: {
    limit,
    complexityError: (kind, cost) =>
      new GraphQLError(
        `The operation is too large: ${kind.toLowerCase()} ${cost[kind.toLowerCase() as keyof typeof limit]}, allowed ${limit[kind.toLowerCase() as keyof typeof limit]}. Ask for fewer fields or smaller pages`,
        { extensions: { code: 'OPERATION_TOO_LARGE' } },
      ),
  },
})

/** What the fields of an input type are made with, and those of Query. */
export type InputFields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0]
export type QueryFields = Parameters<Parameters<typeof builder.queryFields>[0]>[0]

builder.scalarType('DateTime', {
  description: 'A moment in UTC, as ISO 8601 with milliseconds: 2026-11-23T21:30:00.000Z.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const date = new Date(String(value))
    if (Number.isNaN(date.getTime())) throw new GraphQLError(`"${value}" is not a moment such as 2026-11-23T21:30:00Z`)
    return date
  },
})

builder.globalConnectionField('totalCount', (t) =>
  t.int({ description: 'Rows on all pages.', resolve: (connection) => connection.totalCount() }),
)

builder.queryType({})
builder.mutationType({})
builder.subscriptionType({})
