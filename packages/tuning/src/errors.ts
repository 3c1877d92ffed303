/** What cannot be searched, asked or told: the message names the thing at fault and what would be right. */
export class TuningError extends Error {
  override readonly name = 'TuningError'
}
