/** Queries and mutations at /graphql, subscriptions (and the others, if a client likes) as events at /graphql/stream. */
import { ApolloServer } from '@apollo/server'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { FastifyInstance } from 'fastify'
import type { OperationArgs } from 'graphql-sse'
import { createHandler } from 'graphql-sse/lib/use/fastify'
import type { Context } from '../graphql/context.ts'
import { publicError } from '../graphql/errors.ts'
import { type ExecutionResult, execute, GraphQLError, parse } from '../graphql/library.ts'
import { schema } from '../graphql/schema.ts'
import { clientLeft } from './client-left.ts'
import { eachInItsContext } from './event-stream.ts'

/** Words and signs in one document; the console's largest has under a tenth. */
const maxTokens = 5_000

export interface GraphqlOptions {
  context: () => Context
  onError: (error: Error) => void
}

export async function addGraphql(app: FastifyInstance, { context, onError }: GraphqlOptions): Promise<void> {
  const log = (error: unknown) => onError(error instanceof Error ? error : new Error(String(error)))

  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens },
    formatError: (formatted, error) => publicError(formatted, error, log),
    plugins: [
      {
        requestDidStart: async () => ({
          // Apollo would answer {"data":{"runUpdated":null}}, which tells nobody what went wrong.
          didResolveOperation: async ({ operation }) => {
            if (operation?.operation !== 'subscription') return
            throw new GraphQLError('Subscriptions are at /graphql/stream, as text/event-stream', {
              extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
            })
          },
        }),
      },
    ],
  })
  await apollo.start()
  app.addHook('onClose', () => apollo.stop())
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: fastifyApolloHandler(apollo, { context: async () => context() }),
  })

  const masked = (result: ExecutionResult): ExecutionResult =>
    result.errors
      ? { ...result, errors: result.errors.map((e) => publicError(e.toJSON(), e, log)) as unknown as GraphQLError[] }
      : result
  const streams = new Set<AsyncIterator<ExecutionResult>>()

  const handle = createHandler({
    schema,
    // No token means a connection for each operation, and no streams to reserve.
    authenticate: () => null,
    onSubscribe: (_request, { query, operationName, variables }): OperationArgs<undefined> | ExecutionResult => {
      try {
        const document = parse(String(query), { maxTokens })
        // graphql-sse passes the context through without a look at it.
        const contextValue = context() as unknown as undefined
        return { schema, document, operationName, variableValues: variables, contextValue }
      } catch (error) {
        return { errors: [error as GraphQLError] }
      }
    },
    execute: async (args) => masked(await execute(args)),
    subscribe: (args) => eachInItsContext(args, context, masked, streams),
  })

  app.post('/graphql/stream', async (request, reply) => {
    if (!request.headers.accept?.includes('text/event-stream')) {
      return reply.code(406).send({ error: 'Send Accept: text/event-stream' })
    }
    // graphql-sse wants nothing else beside it.
    request.headers.accept = 'text/event-stream'
    reply.hijack()
    try {
      await handle(request, reply)
      // graphql-sse says keep-alive; left open, the connection would hold up a server that closes.
      request.raw.socket.end()
    } catch (error) {
      // graphql-sse rejects where it writes an event, or its ping, before it has heard that the page is closed.
      if (!clientLeft(request, error)) log(error)
      reply.raw.destroy()
    }
  })
  // Streams end before the server waits for its connections to.
  app.addHook('preClose', async () => {
    for (const stream of streams) await stream.return?.()
  })
}
