/** Mean of the values that are not NaN; weights that are all 0 are ignored, as scikit-learn does. NaN where no value is left. */
export function definedMean(values: ArrayLike<number>, weights: ArrayLike<number> | null = null): number {
  let sum = 0
  let weightSum = 0
  let plainSum = 0
  let defined = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) continue
    const weight = weights === null ? 1 : (weights[i] as number)
    sum += weight * value
    weightSum += weight
    plainSum += value
    defined++
  }
  return weightSum === 0 ? plainSum / defined : sum / weightSum
}
