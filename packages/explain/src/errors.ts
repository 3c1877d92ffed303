/** Input that nothing can be explained from: pictures, segments and masks that do not fit together, options out of range. */
export class ExplainInputError extends RangeError {
  override readonly name = 'ExplainInputError'
}

/** Throws unless `value` is an integer of at least `least`; `what` names it for people. */
export function checkCount(value: number, least: number, what: string): void {
  if (!Number.isInteger(value) || value < least) {
    throw new ExplainInputError(`${what} is ${value}: it must be an integer of at least ${least}`)
  }
}

/** Throws unless `label` is the index of one of `classes` classes. */
export function checkLabel(label: number, classes: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new ExplainInputError(`label is ${label}: the classifier has the labels 0 to ${classes - 1}`)
  }
}
