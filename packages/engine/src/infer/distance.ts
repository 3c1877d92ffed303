/**
 * How unlike the images that a network knows an image is: 1 − the cosine of its features, what the head classifies by, and the
 * direction of the nearest class, which is the mean of its images' unit features. Below 0.2 is near; 1 has nothing in common.
 * Scores of the logits alone (largest probability, energy) call noise familiar: docs/decisions/0017-prediction.md measures them.
 */

const norm = (values: ArrayLike<number>, offset: number, length: number): number => {
  let sum = 0
  for (let i = 0; i < length; i++) sum += (values[offset + i] as number) ** 2
  return Math.sqrt(sum)
}

function dot(a: ArrayLike<number>, atA: number, b: ArrayLike<number>, atB: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += (a[atA + i] as number) * (b[atB + i] as number)
  return sum
}

/** Distances [n] of features [n, width] from the nearest of directions [classes, width]. */
export function distancesTo(directions: ArrayLike<number>, features: ArrayLike<number>, width: number): Float64Array {
  const lengths = Float64Array.from({ length: directions.length / width }, (_, k) => norm(directions, k * width, width))
  return Float64Array.from({ length: features.length / width }, (_, i) => {
    const length = norm(features, i * width, width)
    const cosines = Array.from(
      lengths,
      (of, k) => dot(features, i * width, directions, k * width, width) / (of * length),
    )
    // A class without images, or features that are all 0, have no direction.
    return 1 - Math.max(0, ...cosines.filter(Number.isFinite))
  })
}

/**
 * The directions of classes [classes, width], and for each image its distance where its own class is the mean of the others: else the
 * images that a direction comes from would all be near it.
 */
export function directionsOf(
  features: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): { directions: Int8Array; distances: Float64Array } {
  const images = labels.length
  const width = features.length / images
  const unit = Float64Array.from(features)
  const sums = new Float64Array(classes * width)
  for (let i = 0; i < images; i++) {
    const length = norm(features, i * width, width) || 1
    for (let j = 0; j < width; j++) {
      const value = (unit[i * width + j] = (unit[i * width + j] as number) / length)
      sums[(labels[i] as number) * width + j] = (sums[(labels[i] as number) * width + j] as number) + value
    }
  }
  const distances = Float64Array.from({ length: images }, (_, i) => {
    const image = unit.subarray(i * width, (i + 1) * width)
    const others = sums.slice()
    const own = (labels[i] as number) * width
    for (let j = 0; j < width; j++) others[own + j] = (others[own + j] as number) - (image[j] as number)
    return distancesTo(others, image, width)[0] as number
  })
  const directions = new Int8Array(sums.length)
  for (let k = 0; k < classes; k++) {
    const sum = sums.subarray(k * width, (k + 1) * width)
    const largest = sum.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1
    for (const [j, value] of sum.entries()) directions[k * width + j] = Math.round((127 * value) / largest)
  }
  return { directions, distances }
}
