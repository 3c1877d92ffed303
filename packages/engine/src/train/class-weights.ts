/**
 * Weights by which every class counts the same: images / (classes · images of the class), as scikit-learn's `balanced`. A class without
 * images has weight 1, which nothing asks for.
 */
export function balancedWeights(labels: Uint32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts.map((count) => (count > 0 ? labels.length / (classes * count) : 1))
}
