/** What cannot be searched, asked or told: the message names the thing at fault and what would be right. */
export class TuningError extends Error {
  override readonly name = 'TuningError'
  /** What of a plan is at fault, such as rungs, or space.baseLr; null where that is no single part of it. */
  readonly field: string | null

  constructor(message: string, { field = null, ...options }: ErrorOptions & { field?: string | null } = {}) {
    super(message, options)
    this.field = field
  }
}
