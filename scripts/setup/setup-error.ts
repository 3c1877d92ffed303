/** Something that set-up cannot bring in: what, and what a person can do (commands, exactly as to be typed, or advice). */
export class SetupError extends Error {
  override readonly name = 'SetupError'
  readonly cures: readonly string[]

  constructor(message: string, cures: readonly string[]) {
    super(message)
    this.cures = cures
  }

  text(): string {
    return [this.message, ...this.cures.map((cure) => `  ${cure}`)].join('\n')
  }
}
