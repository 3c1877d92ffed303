import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { inBatches } from '../in-batches.ts'
import { writeFolder } from '../write-folder.ts'
import { type Artwork, collectArtwork } from './artwork.ts'
import { DEMO_CLASSES } from './classes.ts'
import { type Count, licencesText, readmeText } from './documents.ts'
import { TEST_VENDOR } from './vendors.ts'

export interface DemoOptions {
  /** Side of the images in pixels; default 96. */
  size?: number | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface WrittenDataset {
  classes: string[]
  images: { train: number; test: number }
}

/** The same path from the source and from the build, which holds no text files. */
const APACHE = fileURLToPath(new URL('../../../src/datasets/demo/licences/Apache-2.0.txt', import.meta.url))

/**
 * Writes the demo images to `dir`, which must be empty or missing: nine classes of emoji artwork, five vendors in `train/`,
 * the sixth in `test/`, with README.md and LICENSES.md. All or nothing, and the same every time.
 * @throws CommandError FOLDER_NOT_EMPTY, NOT_A_FOLDER
 */
export async function writeDemoDataset(dir: string, options: DemoOptions = {}): Promise<WrittenDataset> {
  const { size = 96, onProgress, signal } = options
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a whole number of pixels, not ${size}`)
  const classes = DEMO_CLASSES.map(({ name }) => name)
  let artwork: Artwork[] = []
  await writeFolder(dir, async (folder) => {
    artwork = await collectArtwork()
    await Promise.all(
      classes.flatMap((name) =>
        ['train', 'test'].map((split) => mkdir(join(folder, split, name), { recursive: true })),
      ),
    )
    await inBatches(artwork, (drawing) => draw(drawing, size, folder), onProgress, signal)
    await writeFile(join(folder, 'README.md'), readmeText(size, countsOf(artwork)))
    await writeFile(join(folder, 'LICENSES.md'), licencesText())
    await copyFile(APACHE, join(folder, 'Apache-2.0.txt'))
  })
  const test = artwork.filter(({ vendor }) => vendor === TEST_VENDOR).length
  return { classes, images: { train: artwork.length - test, test } }
}

async function draw({ class: name, vendor, name: file, svg }: Artwork, size: number, folder: string): Promise<void> {
  const split = vendor === TEST_VENDOR ? 'test' : 'train'
  await sharp(Buffer.from(svg), { density: densityFor(svg, size) })
    .resize(size, size, { fit: 'contain', background: '#ffffff' })
    .flatten({ background: '#ffffff' })
    .png()
    .toFile(join(folder, split, name, `${vendor}-${file}.png`))
}

/** Renders at the size asked for rather than scaling a small rendering up: 72 dots an inch is one dot a unit. */
function densityFor(svg: string, size: number): number {
  const width = Number(/ width="([\d.]+)"/.exec(svg)?.[1] ?? 16)
  return Math.max(1, (72 * size) / width)
}

function countsOf(artwork: readonly Artwork[]): Count[] {
  const groups = Map.groupBy(artwork, ({ class: name, vendor }) => `${name}/${vendor}`)
  return [...groups.values()].flatMap((group) =>
    group[0] ? [{ class: group[0].class, vendor: group[0].vendor, images: group.length }] : [],
  )
}
