/** Input that no metric is defined for: arrays that do not fit together, labels without a class, options out of range. */
export class MetricsInputError extends RangeError {
  override readonly name = 'MetricsInputError'
}

/** Throws unless `label` is the index of one of `classes` classes; `what` names the value for people. */
export function checkLabel(label: number, classes: number, what: string): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new MetricsInputError(`${what} is ${label}: a label is an integer from 0 to ${classes - 1}`)
  }
}

/** Throws unless every one of `labels` is the index of a class; `name` is what their array is called. */
export function checkLabels(labels: ArrayLike<number>, classes: number, name: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    // The name of a value is made only for the one at fault: there may be millions.
    if (!(label >= 0 && label < classes && Number.isInteger(label))) checkLabel(label, classes, `${name}[${i}]`)
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

/** Throws unless two columns hold one value for each sample. */
export function checkSameLength(a: ArrayLike<unknown>, aName: string, b: ArrayLike<unknown>, bName: string): void {
  if (a.length !== b.length) {
    throw new MetricsInputError(`${a.length} ${aName} and ${b.length} ${bName}: they must be as many`)
  }
}

/** Throws unless `value` is an integer of at least `least`. */
export function checkInteger(value: number, least: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new MetricsInputError(`${what} is ${value}: it must be an integer of at least ${least}`)
  }
}
