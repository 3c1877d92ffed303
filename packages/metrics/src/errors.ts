/** Input that no metric is defined for: arrays that do not fit together, labels without a class. */
export class MetricsInputError extends RangeError {
  override readonly name = 'MetricsInputError'
}

/** Throws unless `label` is the index of one of `classes` classes; `what` names the value for people. */
export function checkLabel(label: number, classes: number, what: string): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new MetricsInputError(`${what} is ${label}: a label is an integer from 0 to ${classes - 1}`)
  }
}

/** Throws unless `values` holds one row of `classes` numbers for each of `rows` labels. */
export function checkRows(values: ArrayLike<number>, rows: number, classes: number, what: string): void {
  if (values.length !== rows * classes) {
    throw new MetricsInputError(
      `${what} holds ${values.length} numbers: ${rows} labels and ${classes} classes need ${rows * classes}`,
    )
  }
}
