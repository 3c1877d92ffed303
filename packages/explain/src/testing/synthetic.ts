import type { MaskedClassifier, Scene } from '../classifier.ts'
import { isShown, type Masks, masksAsMatrix } from '../masks.ts'
import { blank, type Pixels } from '../pixels.ts'
import { normals } from '../random.ts'
import { dot, sum } from '../ridge.ts'
import { gridSegments, type Segments } from '../segments/segments.ts'

/** A picture of `features` pixels in a row, each a segment of its own: for classifiers that look at masks alone. */
export function row(features: number): { image: Pixels; segments: Segments } {
  return { image: blank(features, 1, [200, 100, 50]), segments: gridSegments(features, 1, 1) }
}

/** A classifier of two classes whose first probability is a function of which segments are shown. */
export function maskFunction(value: (shown: boolean[]) => number): MaskedClassifier {
  return {
    classes: 2,
    async classifyMasked(_scene: Scene, masks: Masks) {
      const probabilities = new Float64Array(2 * masks.samples)
      for (let s = 0; s < masks.samples; s++) {
        const p = value(Array.from({ length: masks.features }, (_, f) => isShown(masks, s, f)))
        probabilities.set([p, 1 - p], 2 * s)
      }
      return probabilities
    },
  }
}

/** Normal numbers that belong to a seed. */
export function noise(seed: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => normals(seed, 99, i, 0)[0])
}

/** A classifier of masks whose classes have logits that are a function of what is shown (0 or 1 a segment). */
export function maskLogits(classes: number, logits: (shown: Float64Array) => number[]): MaskedClassifier {
  return {
    classes,
    async classifyMasked(_scene: Scene, masks: Masks) {
      const x = masksAsMatrix(masks)
      const probabilities = new Float64Array(classes * masks.samples)
      for (let s = 0; s < masks.samples; s++) {
        const powers = logits(x.subarray(s * masks.features, (s + 1) * masks.features)).map(Math.exp)
        const total = sum(powers)
        probabilities.set(
          powers.map((power) => power / total),
          s * classes,
        )
      }
      return probabilities
    },
  }
}

const CLASSES = 9

/** Nine logits, each a sum of many weak segments' normal weights. */
export function manyWeakSegments(features: number, seed: number): MaskedClassifier {
  const weights = noise(seed, CLASSES * features)
  return maskLogits(CLASSES, (shown) =>
    Array.from({ length: CLASSES }, (_, k) => {
      let logit = 0
      for (let f = 0; f < features; f++) logit += 0.3 * (weights[k * features + f] as number) * (shown[f] as number)
      return logit
    }),
  )
}

/** The same, and every two segments do something together as well. */
export function manyPairs(features: number, seed: number): MaskedClassifier {
  const weights = noise(seed, CLASSES * features)
  const together = noise(seed + 1, CLASSES * features * features)
  return maskLogits(CLASSES, (shown) =>
    Array.from({ length: CLASSES }, (_, k) => {
      let logit = 0
      for (let f = 0; f < features; f++) {
        if (shown[f] === 0) continue
        const own = k * features + f
        logit += 0.3 * (weights[own] as number)
        for (let g = 0; g < f; g++) logit += 0.03 * (together[own * features + g] as number) * (shown[g] as number)
      }
      return logit
    }),
  )
}

/** A random network: 40 hidden ReLUs between the segments and nine logits. */
export function randomNetwork(features: number, seed: number): MaskedClassifier {
  const hidden = 40
  const [into, bias, out] = [noise(seed, hidden * features), noise(seed + 1, hidden), noise(seed + 2, CLASSES * hidden)]
  return maskLogits(CLASSES, (shown) => {
    const units = bias.map((value, h) => {
      for (let f = 0; f < features; f++)
        value += 0.3 * (into[h * features + f] as number) * ((shown[f] as number) - 0.5)
      return Math.max(0, value)
    })
    return Array.from({ length: CLASSES }, (_, k) => 0.3 * dot(units, out.subarray(k * hidden, (k + 1) * hidden)))
  })
}
