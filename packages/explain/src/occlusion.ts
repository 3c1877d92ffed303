import { classified, labelsToExplain, type MaskedClassifier, sceneOf } from './classifier.ts'
import { checkCount, ExplainInputError } from './errors.ts'
import type { AttributionMap } from './explanation.ts'
import type { ExplainOptions } from './lime.ts'
import { emptyMasks, type Masks, show } from './masks.ts'
import { blank, type Pixels, type Rgb } from './pixels.ts'
import { gridSegments } from './segments/segments.ts'

export interface OcclusionOptions extends Pick<ExplainOptions, 'labels' | 'topLabels'> {
  /** Side of the patch in pixels: a multiple of `stride`. By default about an eighth of the picture, twice the stride. */
  patch?: number
  /** How far the patch moves. */
  stride?: number
  /** Of the patch; by default the picture's mean. */
  colour?: Rgb
}

/**
 * Occlusion (Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014): how far the probability
 * falls where a patch covers the picture; a pixel has the mean of the patches over it. The picture is cut into cells of one
 * stride, so that a patch is a mask like any other.
 */
export async function occlusion(
  classifier: MaskedClassifier,
  image: Pixels,
  options: OcclusionOptions = {},
): Promise<{ probabilities: Float64Array; maps: AttributionMap[]; samples: number }> {
  const { width, height } = image
  const { stride = Math.max(1, Math.round(Math.min(width, height) / 16)) } = options
  const { patch = 2 * stride } = options
  checkCount(stride, 1, 'stride')
  if (!Number.isInteger(patch / stride) || patch < stride) {
    throw new ExplainInputError(`patch is ${patch}: it must be a multiple of the stride, ${stride}`)
  }
  const cells = gridSegments(width, height, stride)
  const hidden = blank(width, height, options.colour ?? meanColour(image))
  const { masks, covered } = patchMasks(Math.ceil(width / stride), Math.ceil(height / stride), patch / stride)
  const rows = await classified(classifier, sceneOf(image, cells, hidden), masks)
  const { classes } = classifier
  const probabilities = rows.slice(0, classes)
  const maps = labelsToExplain(probabilities, options).map((label) => {
    const drops = new Float64Array(cells.count)
    const patches = new Float64Array(cells.count)
    covered.forEach((cellsOfPatch, i) => {
      const drop = (probabilities[label] as number) - (rows[(i + 1) * classes + label] as number)
      for (const cell of cellsOfPatch) {
        drops[cell] = (drops[cell] as number) + drop
        patches[cell] = (patches[cell] as number) + 1
      }
    })
    const values = Float64Array.from(cells.labels, (cell) => (drops[cell] as number) / (patches[cell] as number))
    return { label, width, height, values }
  })
  return { probabilities, maps, samples: masks.samples }
}

/** Masks that show all, and then all but the `side` × `side` cells of each patch, which may reach over the edge. */
function patchMasks(columns: number, rows: number, side: number): { masks: Masks; covered: number[][] } {
  const covered: number[][] = []
  for (let y = 1 - side; y < rows; y++) {
    for (let x = 1 - side; x < columns; x++) {
      const cells: number[] = []
      for (let v = Math.max(y, 0); v < Math.min(y + side, rows); v++) {
        for (let u = Math.max(x, 0); u < Math.min(x + side, columns); u++) cells.push(v * columns + u)
      }
      covered.push(cells)
    }
  }
  const masks = emptyMasks(covered.length + 1, columns * rows)
  ;[[], ...covered].forEach((cells, sample) => {
    const hides = new Set<number>(cells)
    for (let cell = 0; cell < masks.features; cell++) if (!hides.has(cell)) show(masks, sample, cell)
  })
  return { masks, covered }
}

export function meanColour(image: Pixels): Rgb {
  const sums = [0, 0, 0]
  for (let i = 0; i < image.data.length; i++)
    if (i % 4 !== 3) sums[i % 4] = (sums[i % 4] as number) + (image.data[i] as number)
  const pixels = image.data.length / 4
  return sums.map((total) => Math.floor(total / pixels)) as unknown as Rgb
}
