/** Failures as data: a code to branch on, a message that says what went wrong, a cure that says what to do. */
import type { CombinedError } from '@urql/core'

export interface FieldProblem {
  /** Name of the input field at fault. */
  field: string
  message: string
}

export class ApiError extends Error {
  readonly code: string
  readonly cure: string | null
  readonly fields: readonly FieldProblem[]

  constructor(code: string, message: string, cure: string | null = null, fields: readonly FieldProblem[] = []) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.cure = cure
    this.fields = fields
  }
}

/** From urql's error, which holds either a failed request or the GraphQL errors of an answer. */
export function fromCombinedError(error: CombinedError, endpoint: string): ApiError {
  const [first] = error.graphQLErrors
  if (!first) return fromStatus(endpoint, statusOf(error.response)) ?? unreachable(endpoint, error.networkError)
  const { code, cure } = first.extensions
  const known = typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR'
  return new ApiError(known, first.message, typeof cure === 'string' ? cure : (cures[known] ?? null))
}

export function unreachable(endpoint: string, cause: unknown): ApiError {
  const detail = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
  return new ApiError(
    'UNREACHABLE',
    `The server at ${endpoint} does not answer${detail}.`,
    'Start it with “npm start”, or check the endpoint and your network. The console goes on by itself once it answers.',
  )
}

/** null where a request did not fail by its status: then no server answered at all. */
export function fromStatus(endpoint: string, status: number | null, said?: string): ApiError | null {
  if (status === 401) {
    return new ApiError('UNAUTHENTICATED', `The server at ${endpoint} asks for a token.`, cures.UNAUTHENTICATED)
  }
  if (status === null || status < 400) return null
  if (said !== undefined) return new ApiError(`HTTP_${status}`, said)
  return new ApiError(
    `HTTP_${status}`,
    `The server at ${endpoint} answered with status ${status}.`,
    'Check that the endpoint is that of a Sporeprint server, usually /graphql.',
  )
}

/** urql types the response as any; it is the Response of fetch where there was one. */
function statusOf(response: unknown): number | null {
  return response instanceof Response ? response.status : null
}

/** Anything thrown, as an ApiError; what is not one is a fault of the console itself. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError('CONSOLE', error instanceof Error ? error.message : String(error))
}

const cures: Record<string, string> = {
  UNAUTHENTICATED: 'Sign in again, or give the console a valid token through getToken.',
  FORBIDDEN: 'Ask for a token with the scope that this action needs.',
}
