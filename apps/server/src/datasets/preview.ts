/** A contact sheet of what training sees: each image as it is, and beside it as it is augmented in one epoch after another. */
import type { Augmenting, Draw, Mix, PreviewedImage } from '@sporeprint/engine'
import type { Device } from '@sporeprint/engine/node'
import { loadEngine } from '../engine.ts'
import { type Cell, contactSheet } from './contact-sheet.ts'

export interface PreviewRequest extends Augmenting {
  dir: string
  size: number
  seed: number
  /** Images, and epochs of each. */
  count: number
  epochs: number
  onProgress: (done: number, total: number) => void
  signal: AbortSignal
}

export interface Preview {
  png: Buffer
  images: { path: string; epochs: Omit<PreviewedImage, 'pixels' | 'image'>[] }[]
}

export async function preview(
  device: Device,
  { dir, count, epochs, onProgress, signal, ...options }: PreviewRequest,
): Promise<Preview> {
  const { openImageFolder, previewAugmentation, sourceSize, unchanged } = await loadEngine()
  const { size, seed } = options
  const folder = await openImageFolder(dir, { size: sourceSize(options.augment, size), seed, onProgress, signal })
  try {
    const { train } = folder
    const shown = Math.min(count, train.length)
    // The source goes by class: evenly from all of it.
    const images = Array.from({ length: shown }, (_, i) => Math.floor(((i + 0.5) * train.length) / shown))
    const plain = await previewAugmentation(device, train, { ...options, ...unchanged, images, epochs: 1 })
    const augmented = await previewAugmentation(device, train, { ...options, images, epochs })
    const nameOf = (image: number): string => `${train.classes[train.labels[image] as number]}`
    const rows = images.map((image, n): Cell[] => [
      { pixels: (plain[n] as PreviewedImage).pixels, caption: [nameOf(image), lastPart(train.paths[image] as string)] },
      ...augmented
        .filter((seen) => seen.image === image)
        .map((seen) => ({
          pixels: seen.pixels,
          caption: wrapped([...describeDraw(seen.draw), ...describeMix(seen.mix, (n) => nameOf(images[n] as number))]),
        })),
    ])
    return {
      png: await contactSheet(rows, size),
      images: images.map((image) => ({
        path: train.paths[image] as string,
        epochs: augmented.filter((seen) => seen.image === image).map(({ pixels: _, image: __, ...rest }) => rest),
      })),
    }
  } finally {
    await folder.close()
  }
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const percent = (share: number): string => `${Math.round(100 * share)}%`
const short = (value: number): string => value.toFixed(2)

const symmetries = [
  '',
  'mirror',
  'flip',
  'half turn',
  'transpose',
  'quarter turn',
  'quarter turn back',
  'transpose back',
]

/** What happens to an image, in words. */
export function describeDraw(draw: Draw): string[] {
  const { crop, symmetry, rotate, zoom, warp, policy, brightness, contrast, erase } = draw
  return [
    ...(crop ? [`crop ${percent(crop.width)}×${percent(crop.height)}`] : []),
    ...(symmetry > 0 ? [symmetries[symmetry] as string] : []),
    ...(rotate !== 0 ? [`turn ${Math.round(rotate)}°`] : []),
    ...(zoom.factor !== 1 ? [`zoom ${short(zoom.factor)}`] : []),
    ...(warp.x !== 0 || warp.y !== 0 ? [`warp ${short(warp.x)} ${short(warp.y)}`] : []),
    ...policy.map(({ name, strength }) => `${name} ${short(strength)}`),
    ...(brightness !== 0.5 ? [`bright ${short(brightness)}`] : []),
    ...(contrast !== 1 ? [`contrast ${short(contrast)}`] : []),
    ...(erase ? [`erase ${erase.right - erase.left}×${erase.bottom - erase.top}`] : []),
  ]
}

function describeMix(mix: Mix | null, nameOf: (n: number) => string): string[] {
  if (!mix || mix.share === 1) return []
  return [`${mix.box ? 'cutmix' : 'mixup'} ${percent(1 - mix.share)} ${nameOf(mix.partner)}`]
}

/** Two to a line. */
function wrapped(words: readonly string[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < words.length; i += 2) lines.push(words.slice(i, i + 2).join(', '))
  return lines.length > 0 ? lines : ['as it is']
}
