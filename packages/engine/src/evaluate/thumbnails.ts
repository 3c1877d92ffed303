import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EvaluatedSample } from '@sporeprint/metrics'
import sharp from 'sharp'

/** Longer side in pixels. */
const side = 128

/** The samples with a small JPEG of each, from its file below `root`, as a data URL. */
export function withThumbnails(root: string, samples: readonly EvaluatedSample[]): Promise<EvaluatedSample[]> {
  return Promise.all(
    samples.map(async (sample) => ({ ...sample, thumbnail: await thumbnail(join(root, sample.path)) })),
  )
}

/** A small JPEG of an image file, which has been decoded before, as a data URL. */
export async function thumbnail(path: string): Promise<string> {
  const jpeg = await sharp(await readFile(path), { failOn: 'error' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .jpeg({ quality: 80 })
    .toBuffer()
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`
}
