/** Networks and images to time: random but the same each time, since no step's time depends on what it computes. */

import { pcg4d } from '../kernels/random.ts'
import { type Arch, ResNet } from '../nn/resnet.ts'

/** As many classes as the notebook's mushrooms have genera. */
const classes = 9

export const benchNetwork = (arch: Arch): ResNet =>
  new ResNet({ arch, head: 'concat', classes: Array.from({ length: classes }, (_, i) => `class ${i}`) })

/** Labels [batch]. */
export const syntheticLabels = (batch: number): Uint32Array<ArrayBuffer> =>
  Uint32Array.from({ length: batch }, (_, i) => i % classes)

/** Fills words with noise: RGBA pixels, four bytes a word. */
export function fillPixels(words: Uint32Array, seed = 0): void {
  for (let i = 0; i < words.length; i += 4) {
    const [a, b, c, d] = pcg4d(i, seed, 0, 0x62656e63)
    words[i] = a
    words[i + 1] = b
    words[i + 2] = c
    words[i + 3] = d
  }
}
