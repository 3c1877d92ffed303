/** Values that clients give, checked: every refusal says what would have been accepted. */
import { z } from 'zod'
import { type InputIssue, InvalidInput } from '../errors.ts'

/** A whole number; every refusal says the whole range. */
export const whole = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

export const real = (min: number, max: number) => {
  const error = `must be a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

export const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` })

export const flag = () => z.boolean({ error: 'must be true or false' })

/**
 * Fills in the defaults of what is left out or null, and checks every value.
 * @throws InvalidInput naming each refused field under `prefix.`, its value and the range allowed.
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, input: object, prefix: string): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new InvalidInput(
    parsed.error.issues.map((issue): InputIssue => {
      const value = valueAt(given, issue.path)
      return {
        field: [prefix, ...issue.path].join('.'),
        value: value === undefined || typeof value === 'object' ? null : String(value),
        message: issue.message,
      }
    }),
  )
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
