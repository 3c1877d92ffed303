/**
 * What can go wrong and is expected to. The first three reach GraphQL clients as members of a mutation's result union
 * (docs/decisions/0002-graphql-errors.md); `StartupError` reaches the person who starts a server.
 */

/** One value that was refused: where it was, what it was, and what would have been accepted. */
export interface InputIssue {
  /** Path of the field, such as `config.batch`. */
  field: string
  /** The refused value as text, null when it was missing. */
  value: string | null
  /** What the field accepts. */
  message: string
}

/** The input broke a rule; nothing was changed. */
export class InvalidInput extends Error {
  readonly issues: readonly InputIssue[]

  constructor(issues: readonly InputIssue[]) {
    super(issues.map((issue) => `${issue.field} is ${issue.value ?? 'missing'}: ${issue.message}`).join('; '))
    this.name = 'InvalidInput'
    this.issues = issues
  }
}

/** There is nothing with this id. */
export class NotFound extends Error {
  readonly type: string
  readonly id: number

  constructor(type: string, id: number) {
    super(`There is no ${type.toLowerCase()} ${id}`)
    this.name = 'NotFound'
    this.type = type
    this.id = id
  }
}

/** The thing is there, but its state does not allow what was asked. */
export class Conflict extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Conflict'
  }
}

type StartupCode = 'FOLDER_LOCKED' | 'DATABASE_UNREACHABLE' | 'PORT_IN_USE' | 'UNSAFE_BIND'

/** A platform or server that could not start; the message names the cause and the cure. */
export class StartupError extends Error {
  readonly code: StartupCode

  constructor(code: StartupCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartupError'
    this.code = code
  }
}
