import type { MaskedClassifier, Scene } from '../classifier.ts'
import { isShown, type Masks } from '../masks.ts'
import { blank, type Pixels } from '../pixels.ts'
import { normals } from '../random.ts'
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
