/** Expected failures as GraphQL types; the scheme is laid down in docs/decisions/0002-graphql-errors.md. */
import { PothosValidationError } from '@pothos/core'
import { Conflict, type InputIssue, InvalidInput, NotFound } from '../errors.ts'
import { builder } from './builder.ts'
import { GraphQLError, type GraphQLFormattedError } from './library.ts'

const UserError = builder.interfaceRef<Error>('UserError').implement({
  description: 'An expected failure: nothing was changed, and the message says what to do.',
  fields: (t) => ({ message: t.exposeString('message') }),
})

const InputIssueRef = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One value that was refused.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'Path of the field, such as config.batch.' }),
    value: t.exposeString('value', { nullable: true, description: 'The refused value; null when it was missing.' }),
    message: t.exposeString('message', { description: 'What the field accepts.' }),
  }),
})

builder.objectType(InvalidInput, {
  name: 'InvalidInput',
  description: 'The input broke a rule.',
  interfaces: [UserError],
  fields: (t) => ({ issues: t.field({ type: [InputIssueRef], resolve: (error) => [...error.issues] }) }),
})

builder.objectType(NotFound, {
  name: 'NotFound',
  description: 'There is nothing with this id.',
  interfaces: [UserError],
})

builder.objectType(Conflict, {
  name: 'Conflict',
  description: 'The state does not allow what was asked, such as stopping a run that has finished.',
  interfaces: [UserError],
})

/** An argument of a query that no type can express; mutations report theirs as InvalidInput. */
export const badArgument = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })

/**
 * What leaves the server for an error that no result union caught: GraphQL's own errors as they are, expected errors with
 * their code, anything else without its text, which goes to `log` instead.
 */
export function publicError(
  formatted: GraphQLFormattedError,
  error: unknown,
  log: (error: unknown) => void,
): GraphQLFormattedError {
  const cause = error instanceof GraphQLError ? error.originalError : error
  const { locations, path } = formatted
  const at = { ...(locations && { locations }), ...(path && { path }) }
  if (cause instanceof NotFound) return { message: cause.message, ...at, extensions: { code: 'NOT_FOUND' } }
  if (cause instanceof Conflict) return { message: cause.message, ...at, extensions: { code: 'CONFLICT' } }
  // Pothos' own: an id that is none, or is of another type.
  if (cause instanceof InvalidInput || cause instanceof PothosValidationError) {
    return { message: cause.message, ...at, extensions: { code: 'BAD_USER_INPUT' } }
  }
  if (cause === undefined || cause === null || cause instanceof GraphQLError) {
    return { message: formatted.message, ...at, extensions: { code: formatted.extensions?.code ?? 'BAD_REQUEST' } }
  }
  log(cause)
  return {
    message: 'The server failed to answer; its log has the cause',
    ...at,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  }
}
