/**
 * Softmax cross-entropy in f64 with label smoothing ε over K classes of weights w, as torch.nn.functional.cross_entropy(weight,
 * label_smoothing):
 *
 *   loss = (1 − ε)·w[label]·(−log p[label]) + ε/K · Σ_k w[k]·(−log p[k]);   mean = Σ loss / Σ w[label]
 *
 * Where labels are mixed, the first term is its share of that of the label, and the rest of that of the partner.
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

/** The label that a sample shares with another one, and what of it is its own. */
export interface SharedLabel {
  partner: number
  share: number
}

/** Of logits [n, classes] and labels [n]. Throws RangeError where a label is no class, or where every one is ignored. */
export function softmaxCrossEntropy(
  classes: number,
  smoothing: number,
  logits: Float64Array,
  labels: Uint32Array,
  weights: ArrayLike<number> = new Float64Array(classes).fill(1),
  shared?: readonly SharedLabel[],
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
    const { partner, share } = shared?.[n] ?? { partner: label, share: 1 }
    const targets = Float64Array.from({ length: classes }, (_, k) => {
      const onehot = (k === label ? share : 0) + (k === partner ? 1 - share : 0)
      return weights[k]! * ((1 - smoothing) * onehot + smoothing / classes)
    })
    const sum = targets.reduce((a, b) => a + b, 0)
    for (let k = 0; k < classes; k++) {
      const logP = row[k]! - logTotal
      losses[n]! -= targets[k]! * logP
      dlogits[n * classes + k] = (Math.exp(logP) * sum - targets[k]!) / total
    }
  }
  return { losses, loss: losses.reduce((sum, v) => sum + v, 0) / total, dlogits }
}
