/** One explanation by LIME, the same of every contender: only who answers differs. */
import { gridSegments, lime, type MaskedClassifier } from '@sporeprint/explain'
import { reference } from '../parity/internals.ts'
import type { Workload } from './contender.ts'

/** Weights of the first class in the formula's first picture, cut into squares of eight pixels. */
export async function explainedBy(
  classifier: MaskedClassifier,
  { size, samples = 1000 }: Workload,
): Promise<Float64Array> {
  const rgb = reference.formulaPixels(0, 1, size)
  const data = Uint8Array.from({ length: 4 * size * size }, (_, i) =>
    i % 4 === 3 ? 255 : (rgb[(i >> 2) * 3 + (i % 4)] ?? 0),
  )
  const image = { width: size, height: size, data }
  const segments = gridSegments(size, size, 8)
  const { explanations } = await lime(classifier, image, { segments, samples, labels: [0], seed: 1 })
  return explanations[0]?.weights ?? new Float64Array()
}
