/** The command was used wrongly: exit code 2. The message names the option and what it may be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'usage'
}

/** The command could not do what was rightly asked: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** For programs, in SCREAMING_SNAKE_CASE, as every error code of ours but `usage`. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What is told of an error: a code for programs and one line for people. */
export interface ErrorDescription {
  code: string
  message: string
}

/** The code of a typed error, `INTERNAL` for any other. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL'
}

/** Describes anything thrown, on one line; the cause of an error without a code of its own follows its message. */
export function describeError(error: unknown): ErrorDescription {
  const code = errorCode(error)
  if (!(error instanceof Error)) return { code, message: String(error) }
  const cause = code === 'INTERNAL' && error.cause !== undefined ? `: ${describeError(error.cause).message}` : ''
  const message = error.message.trim().replace(/\s*\n\s*/g, ' ')
  return { code, message: (message === '' ? error.name : message) + cause }
}
