/** Explanations as pictures: one to look at, and a panel as the notebook's, with the image beside what is said of it. */

import type { ExplainedLabel, ExplainMethod, ExplainResult, ImageExplanation } from '@sporeprint/engine'
import {
  decodeRuns,
  enlarge,
  heatMap,
  type Legend,
  legendBar,
  type Pixels,
  perPixel,
  type Segments,
  sideColours,
  superpixels,
} from '@sporeprint/explain'
import sharp, { type OverlayOptions } from 'sharp'
import { lineHeight, svgSheet, textLine } from '../datasets/caption.ts'

export interface DrawOptions {
  /** Superpixels that are shown, largest weights first. */
  superpixels: number
  /** Of what is laid over the image. */
  opacity: number
}

/** PNG files. */
export interface Drawing {
  /** The image with what speaks for the first class and against it. */
  overlay: Buffer
  /** A row a class: the image, its superpixels, the heat map; the probabilities under them. */
  panel: Buffer
}

/** Pictures are enlarged by a whole factor to at least this side. */
const leastSide = 320
const gap = 10
const fontSize = 13
/** Classes named in the line of probabilities. */
const namedClasses = 10

export const methodNames: Record<ExplainMethod, string> = {
  lime: 'LIME',
  shap: 'KernelSHAP',
  occlusion: 'Occlusion',
  gradcam: 'Grad-CAM',
}

/** The side at which an image is drawn that the network sees with `size` pixels: what `decodeImage` is to make of its file. */
export const drawnSide = (size: number): number => size * Math.ceil(leastSide / size)

/** Draws an explanation over `image`, u8 RGBA [side, side, 4] with the side that `drawnSide` tells. */
export async function drawExplanation(
  image: Uint8Array,
  explained: ImageExplanation,
  result: Pick<ExplainResult, 'method' | 'classes' | 'size'>,
  options: DrawOptions = { superpixels: 5, opacity: 0.45 },
): Promise<Drawing> {
  const side = drawnSide(result.size)
  const original: Figure = {
    picture: { width: side, height: side, data: image },
    title: fileName(explained.path),
    lines: [],
    legend: null,
  }
  const rows = explained.labels.map((label) => figuresOf(original.picture, label, explained, result, options))
  const [first] = rows[0] ?? []
  return {
    overlay: await sheet(first ? [[first]] : [[original]], side),
    panel: await sheet(
      rows.map((row) => [original, ...row]),
      side,
      probabilityLine(explained.probabilities, result.classes),
    ),
  }
}

type FigureLegend = { kind: 'sides'; label: string } | ({ kind: 'scale' } & Legend)

interface Figure {
  picture: Pixels
  title: string
  lines: string[]
  legend: FigureLegend | null
}

/** What is said of one class: by superpixels a picture of the largest and one of all, else a map. */
function figuresOf(
  image: Pixels,
  label: ExplainedLabel,
  { segments, samples }: ImageExplanation,
  { method, size }: Pick<ExplainResult, 'method' | 'size'>,
  { superpixels: top, opacity }: DrawOptions,
): Figure[] {
  const title = `${label.label} ${percent(label.probability)}`
  const name = methodNames[method]
  const trust = label.faithfulness ? [trustLine(label.faithfulness)] : []
  if (segments === null || label.weights === null) {
    const { map } = label
    const values = enlarge(map ?? [], size, size, image.width, image.height)
    const { pixels, legend } = heatMap(image, values, { opacity: 0.5 })
    const lines = [method === 'gradcam' ? name : `${name}, ${samples} pictures`, ...trust]
    return [{ picture: pixels, title, lines, legend: { kind: 'scale', ...legend } }]
  }
  const large = enlarged(decodeRuns(size, size, segments.runs), image.width / size)
  const weights = new Float64Array(segments.count)
  for (const { segment, weight } of label.weights) weights[segment] = weight
  const tinted = superpixels(image, large, weights, { sign: 'both', top, opacity })
  const { pixels, legend } = heatMap(image, perPixel(large, weights), { opacity: 0.6 })
  const shown = Math.min(top, segments.count)
  const facts = `${name}, ${samples} samples, R² ${(label.r2 ?? Number.NaN).toFixed(2)}`
  return [
    {
      picture: tinted,
      title,
      lines: [facts, `${shown} of ${segments.count} superpixels`, ...trust],
      legend: { kind: 'sides', label: label.label },
    },
    { picture: pixels, title: 'Weights', lines: ['of all superpixels'], legend: { kind: 'scale', ...legend } },
  ]
}

/** Each pixel of the segments as `factor` × `factor` of the same one. */
function enlarged({ width, height, count, labels }: Segments, factor: number): Segments {
  const large = new Int32Array(labels.length * factor ** 2)
  for (let p = 0; p < large.length; p++) {
    const [y, x] = [Math.floor(p / (width * factor)), p % (width * factor)]
    large[p] = labels[Math.floor(y / factor) * width + Math.floor(x / factor)] as number
  }
  return { width: width * factor, height: height * factor, count, labels: large }
}

/** A PNG of rows of figures, each with its title, lines and legend under it, and lines under all of them. */
async function sheet(
  rows: readonly (readonly Figure[])[],
  side: number,
  footer: readonly string[] = [],
): Promise<Buffer> {
  const line = lineHeight(fontSize)
  const lines = Math.max(...rows.flat().map((figure) => figure.lines.length))
  const hasLegend = rows.flat().some(({ legend }) => legend !== null)
  const caption = (1 + lines + (hasLegend ? 1 : 0)) * line + 4
  const columns = Math.max(...rows.map((row) => row.length))
  const width = columns * (side + gap) + gap
  const below = gap + rows.length * (side + caption + gap)
  const height = below + (footer.length > 0 ? footer.length * line + gap : 0)
  const pictures: OverlayOptions[] = []
  const text: string[] = []
  for (const [r, row] of rows.entries()) {
    for (const [c, { picture, title, lines, legend }] of row.entries()) {
      const [left, top] = [gap + c * (side + gap), gap + r * (side + caption + gap)]
      pictures.push(placed(picture, left, top))
      const under = top + side + 2
      text.push(textLine(title, { left, top: under, width: side, fontSize, bold: true }))
      for (const [i, words] of lines.entries()) {
        text.push(textLine(words, { left, top: under + (i + 1) * line, width: side, fontSize }))
      }
      if (legend !== null) {
        const at = { left, top: under + (lines.length + 1) * line, width: side }
        if (legend.kind === 'sides') text.push(...sidesLegend(legend.label, at))
        else {
          const bar = legendBar(legend, Math.floor(side / 2), 8)
          pictures.push(placed(bar, left + Math.floor(side / 4), at.top + 5))
          const ends = { ...at, width: Math.floor(side / 4) - 4, fontSize: 11 }
          text.push(textLine(end(legend.low, legend), { ...ends, align: 'right' }))
          text.push(textLine(end(legend.high, legend), { ...ends, left: left + Math.floor((3 * side) / 4) + 4 }))
        }
      }
    }
  }
  for (const [i, words] of footer.entries()) {
    text.push(textLine(words, { left: gap, top: below + i * line, width: width - 2 * gap, fontSize }))
  }
  return sharp({ create: { width, height, channels: 4, background: '#ffffff' } })
    .composite([...pictures, { input: svgSheet(width, height, text), left: 0, top: 0 }])
    .png()
    .toBuffer()
}

const placed = ({ width, height, data }: Pixels, left: number, top: number) => ({
  input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  raw: { width, height, channels: 4 as const },
  left,
  top,
})

/** The colours of `superpixels`. */
function sidesLegend(label: string, { left, top, width }: { left: number; top: number; width: number }): string[] {
  return (['for', 'against'] as const).flatMap((side, i) => {
    const x = left + i * Math.floor(width / 2)
    const box = `x="${x + 1}" y="${top + 4}" width="10" height="10"`
    const words = { left: x + 16, top, width: Math.floor(width / 2) - 20, fontSize }
    return [
      `<rect ${box} fill="rgb(${sideColours[side]})" stroke="#222222" stroke-width=".5"/>`,
      textLine(`${side} ${label}`, words),
    ]
  })
}

/** As the notebook writes them, a few to a line. */
function probabilityLine(probabilities: readonly number[], classes: readonly string[]): string[] {
  const named = classes.map((name, k) => ({ name, p: probabilities[k] as number }))
  const likeliest = named.length > namedClasses ? named.sort((a, b) => b.p - a.p).slice(0, namedClasses) : named
  const words = likeliest.map(({ name, p }) => `${name}: ${p.toFixed(3)}`)
  const lines: string[] = []
  for (let i = 0; i < words.length; i += 5) lines.push(words.slice(i, i + 5).join('   '))
  return lines
}

const trustLine = ({ deletion, insertion, road }: NonNullable<ExplainedLabel['faithfulness']>): string =>
  `deletion ${deletion.toFixed(2)}, insertion ${insertion.toFixed(2)}, ROAD ${road.toFixed(2)}`

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
/** What an end of a scale stands for: with its sign where the scale has both. */
function end(value: number, { low }: Legend): string {
  const text = Number(Math.abs(value).toPrecision(2)).toString()
  return low === 0 ? text : `${value < 0 ? '−' : '+'}${text}`
}
