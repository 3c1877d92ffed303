import { describeError, UsageError } from './cli/errors.ts'
import { createIo } from './cli/io.ts'
import { createProgram, isHelp } from './cli/program.ts'

/**
 * Runs the command line `args` (without node and script) and returns the exit code: 0 done, 1 failed, 2 wrong usage.
 * An error is one line on stderr; under `--json` stdout gets `{ error: { code, message } }` as well.
 */
export async function main(args: readonly string[]): Promise<number> {
  const io = createIo({ json: args.includes('--json'), debug: args.includes('--debug') || Boolean(process.env.DEBUG) })
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (isHelp(error)) return 0
    io.failure(error)
    io.document({ error: describeError(error) })
    return error instanceof UsageError ? 2 : 1
  }
}
