/** Why a handler's signal was aborted; it is the signal's `reason`. */
export class JobAborted extends Error {
  readonly why: 'stopped' | 'shutdown' | 'lost'

  constructor(why: JobAborted['why']) {
    super(
      {
        stopped: 'It was stopped',
        shutdown: 'The worker shuts down; another goes on with it',
        lost: 'Another worker has it',
      }[why],
    )
    this.name = 'AbortError'
    this.why = why
  }
}

/** An error's own string `code`, or UNEXPECTED. */
export function described(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: 'UNEXPECTED', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED'
  return { code, message: error.message }
}
