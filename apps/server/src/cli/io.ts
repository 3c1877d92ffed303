import { inspect } from 'node:util'
import { describeError } from './errors.ts'

/**
 * How a command speaks. Lines for people go to stdout; under `--json` they go to stderr, so that stdout holds one JSON
 * document and nothing else.
 */
export interface Io {
  readonly json: boolean
  /** Show stacks and everything that is otherwise summed up. */
  readonly debug: boolean
  /** A line of the result, for people. */
  say(line: string): void
  /** A line about the work itself: always on stderr. */
  log(line: string): void
  /** An error, in one line on stderr; its stack too under --debug. */
  failure(error: unknown): void
  /** The result for programs: printed under `--json` only. NaN and infinities become null, as JSON has none. */
  document(value: unknown): void
}

export function createIo(options: { json: boolean; debug: boolean }): Io {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  return {
    ...options,
    log,
    failure: (error) => {
      log(`sporeprint: ${describeError(error).message}`)
      if (options.debug && error instanceof Error) log(inspect(error))
    },
    say: options.json ? log : print,
    document: (value) => {
      if (options.json) print(JSON.stringify(value, null, 2))
    },
  }
}
