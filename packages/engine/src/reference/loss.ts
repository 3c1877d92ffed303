/**
 * Softmax cross-entropy in f64 with label smoothing ε over K classes of weights w, as torch.nn.functional.cross_entropy(weight,
 * label_smoothing):
 *
 *   loss = (1 − ε)·w[label]·(−log p[label]) + ε/K · Σ_k w[k]·(−log p[k]);   mean = Σ loss / Σ w[label]
 */

/** A label that takes no part, neither in the mean nor in its count. */
export const ignoredLabel = 0xffffffff

export interface CrossEntropy {
  /** A sample each; 0 where ignored. */
  losses: Float64Array
  /** Mean over the samples that count, each by the weight of its label. */
  loss: number
  /** Gradient of that mean. */
  dlogits: Float64Array
}

/** Of logits [n, classes] and labels [n]. Throws RangeError where a label is no class, or where every one is ignored. */
export function softmaxCrossEntropy(
  classes: number,
  smoothing: number,
  logits: Float64Array,
  labels: Uint32Array,
  weights: ArrayLike<number> = new Float64Array(classes).fill(1),
): CrossEntropy {
  const counted = labels.filter((label) => label !== ignoredLabel)
  const total = counted.reduce((sum, label) => sum + weights[label]!, 0)
  if (counted.length === 0) throw new RangeError('softmaxCrossEntropy: every label is ignored, so there is no mean')
  const losses = new Float64Array(labels.length)
  const dlogits = new Float64Array(logits.length)
  for (const [n, label] of labels.entries()) {
    if (label === ignoredLabel) continue
    if (label >= classes)
      throw new RangeError(`softmaxCrossEntropy: labels[${n}] is ${label}, not one of ${classes} classes`)
    const row = logits.subarray(n * classes, (n + 1) * classes)
    const most = Math.max(...row)
    const logTotal = most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0))
    const targets = Float64Array.from(
      { length: classes },
      (_, k) => weights[k]! * ((k === label ? 1 - smoothing : 0) + smoothing / classes),
    )
    const sum = targets.reduce((a, b) => a + b, 0)
    for (let k = 0; k < classes; k++) {
      const logP = row[k]! - logTotal
      losses[n]! -= targets[k]! * logP
      dlogits[n * classes + k] = (Math.exp(logP) * sum - targets[k]!) / total
    }
  }
  return { losses, loss: losses.reduce((sum, v) => sum + v, 0) / total, dlogits }
}
