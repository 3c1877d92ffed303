/**
 * One connection to a Sporeprint server: queries and mutations through urql, live data through graphql-sse. Both carry the same
 * Authorization header, and the token is asked for before every request, so that a host application may refresh it.
 * There is no normalised cache: the stores own what is shown.
 */
import { type AnyVariables, Client, fetchExchange, stringifyDocument, type TypedDocumentNode } from '@urql/core'
import { createClient } from 'graphql-sse'
import { ApiError, fromCombinedError, fromStatus, unreachable } from './errors.ts'

export interface ApiOptions {
  /** URL of the GraphQL endpoint, such as `/graphql`. */
  endpoint: string
  /** URL of its event stream; `<endpoint>/stream` by default. */
  streamEndpoint?: string | undefined
  getToken?: (() => string | Promise<string>) | undefined
}

/** `reconnecting` after a broken or ended stream: the last state stays on view and is brought up to date on return. */
export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'closed'

export interface FeedHandlers<Data> {
  onData(data: Data): void
  /** `live` after `reconnecting` means that something may have been missed. */
  onState(state: FeedState): void
  /** The server refused the subscription; it will not be tried again. */
  onError(error: ApiError): void
}

export interface Api {
  /** @throws {ApiError} */
  query<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>
  /** @throws {ApiError} */
  mutate<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data>
  /** Sends bytes to a path beside the endpoint, such as an upload's url. @throws {ApiError} */
  put(path: string, body: ArrayBuffer): Promise<void>
  /** Follows a subscription, reconnecting for as long as it takes; returns the function that ends it. */
  subscribe<Data, Variables extends AnyVariables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    handlers: FeedHandlers<Data>,
  ): () => void
}

const longestRetryMs = 10_000
/** Until a stream that the server has ended is asked for again. */
const reopenMs = 1500

export function createApi(options: ApiOptions): Api {
  const { endpoint, getToken } = options

  async function headers(): Promise<Record<string, string>> {
    return getToken ? { authorization: `Bearer ${await getToken()}` } : {}
  }

  const client = new Client({
    url: endpoint,
    exchanges: [fetchExchange],
    requestPolicy: 'network-only',
    preferGetMethod: false,
    fetch: async (input, init) => fetch(input, { ...init, headers: { ...plain(init?.headers), ...(await headers()) } }),
  })

  const stream = createClient({
    url: options.streamEndpoint ?? `${endpoint.replace(/\/$/, '')}/stream`,
    headers,
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: (retries) => sleep(Math.min(longestRetryMs, 500 * 2 ** retries)),
  })

  return {
    async query(document, variables) {
      const { data, error } = await client.query(document, variables).toPromise()
      if (error) throw fromCombinedError(error, endpoint)
      return required(data)
    },
    async mutate(document, variables) {
      const { data, error } = await client.mutation(document, variables).toPromise()
      if (error) throw fromCombinedError(error, endpoint)
      return required(data)
    },
    async put(path, body) {
      const url = endpoint.replace(/\/graphql\/?$/, '') + path
      const answer = await fetch(url, { method: 'PUT', body, headers: await headers() }).catch((cause: unknown) => {
        throw unreachable(url, cause)
      })
      if (answer.ok) return
      const { error } = (await answer.json().catch(() => ({}))) as { error?: string }
      throw fromStatus(url, answer.status, error) ?? new ApiError('NOT_SENT', `${url} took none of it.`)
    },
    subscribe<Data, Variables extends AnyVariables>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      handlers: FeedHandlers<Data>,
    ) {
      // By whoever subscribed, or by the server's refusal.
      let over = false
      let dispose = (): void => {}
      const refuse = (error: ApiError): void => {
        over = true
        handlers.onState('closed')
        handlers.onError(error)
      }
      const open = (again: boolean): void => {
        if (over) return
        dispose = stream.subscribe<Data>(
          { query: stringifyDocument(document), variables: variables ?? {} },
          {
            next({ data, errors }) {
              const [first] = errors ?? []
              if (first) refuse(fromStreamError(first))
              else if (data) handlers.onData(data)
            },
            error: (cause) => refuse(new ApiError('STREAM', String(cause))),
            // A server that shuts down ends its streams, and so does one whose subject was deleted: that is then refused.
            complete() {
              if (over) return
              handlers.onState('reconnecting')
              setTimeout(open, reopenMs, true)
            },
          },
          {
            connecting: (reconnecting) => handlers.onState(again || reconnecting ? 'reconnecting' : 'connecting'),
            connected: () => handlers.onState('live'),
          },
        )
      }
      open(false)
      return () => {
        over = true
        dispose()
      }
    },
  }
}

function fromStreamError(error: { message: string; extensions?: Record<string, unknown> }): ApiError {
  const { code, cure } = error.extensions ?? {}
  return new ApiError(typeof code === 'string' ? code : 'STREAM', error.message, typeof cure === 'string' ? cure : null)
}

function required<T>(data: T | undefined): T {
  if (data === undefined || data === null) {
    throw new ApiError('EMPTY_ANSWER', 'The server answered without data.', 'Check that the endpoint is /graphql.')
  }
  return data
}

function plain(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(headers))
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
