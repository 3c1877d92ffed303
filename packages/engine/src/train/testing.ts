/** Small sources of images for tests: no files, no decoding. */
import type { ImageSource } from '../data/image-source.ts'

/** Classes told apart by hue under noise: learnt in a few steps, yet not by one pixel. */
export function colouredSource(perClass: number, size: number, seed = 1): ImageSource {
  const classes = ['red', 'green', 'blue']
  const length = perClass * classes.length
  const labels = Uint32Array.from({ length }, (_, i) => i % classes.length)
  return {
    size,
    length,
    classes,
    labels,
    paths: Array.from(labels, (label, i) => `${classes[label]}/${i}`),
    async read(indices, out) {
      for (let b = 0; b < indices.length; b++) {
        const image = indices[b] as number
        for (let p = 0; p < size * size; p++) {
          const at = (b * size * size + p) * 4
          for (let c = 0; c < 3; c++) {
            const noise = Math.imul((image * 7919 + p) * 3 + c + seed * 104729, 2654435761) >>> 27
            out[at + c] = noise + (c === labels[image] ? 120 : 60)
          }
          out[at + 3] = 255
        }
      }
    },
  }
}
