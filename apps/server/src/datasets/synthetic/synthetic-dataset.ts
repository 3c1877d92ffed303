import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WrittenDataset } from '../demo/demo-dataset.ts'
import { inBatches } from '../in-batches.ts'
import { writeFolder } from '../write-folder.ts'
import { Dice } from './dice.ts'
import { drawScene } from './draw-scene.ts'
import { GENERA } from './genera.ts'
import { photograph } from './photograph.ts'

export interface SyntheticOptions {
  /** Pictures of each genus, test included; default 60. */
  perClass?: number | undefined
  /** Share of them in `test/`; default 0.2, none for 0. */
  test?: number | undefined
  /** Side in pixels; default 128. */
  size?: number | undefined
  seed?: number | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Raise it when the same seed gives other pictures. */
const DRAWING_VERSION = 1

/**
 * Draws mushrooms of the notebook's nine genera to `dir`, which must be empty or missing: `train/<Genus>/synthetic-<n>.jpg` and
 * `test/…`. They are drawings, not photographs; README.md, synthetic.json and every file name say so. All or nothing; picture
 * n of a genus depends on the seed, the size and n only.
 * @throws CommandError FOLDER_NOT_EMPTY, NOT_A_FOLDER; RangeError for options that make no sense
 */
export async function writeSyntheticDataset(dir: string, options: SyntheticOptions = {}): Promise<WrittenDataset> {
  const { perClass = 60, test = 0.2, size = 128, seed = 42, onProgress, signal } = options
  if (!Number.isInteger(perClass) || perClass < 1) {
    throw new RangeError(`perClass must be a whole number of at least 1, not ${perClass}`)
  }
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a whole number of pixels, not ${size}`)
  if (!(test >= 0 && test < 1)) throw new RangeError(`test must be a share from 0 to below 1, not ${test}`)

  const classes = GENERA.map(({ name }) => name)
  const forTest = Math.min(perClass - 1, Math.round(perClass * test))
  const splits = forTest > 0 ? ['train', 'test'] : ['train']
  const pictures = GENERA.flatMap((genus, series) =>
    Array.from({ length: perClass }, (_, number) => ({
      genus,
      dice: new Dice(seed, series, number),
      file: join(
        number < perClass - forTest ? 'train' : 'test',
        genus.name,
        `synthetic-${String(number).padStart(4, '0')}.jpg`,
      ),
    })),
  )
  await writeFolder(dir, async (folder) => {
    await Promise.all(
      splits.flatMap((split) => classes.map((name) => mkdir(join(folder, split, name), { recursive: true }))),
    )
    await inBatches(
      pictures,
      async ({ genus, dice, file }) =>
        writeFile(join(folder, file), await photograph(drawScene(genus, dice), size, dice)),
      onProgress,
      signal,
    )
    const marker = {
      synthetic: true,
      generator: 'sporeprint data synth',
      version: DRAWING_VERSION,
      seed,
      size,
      perClass,
      test,
    }
    await writeFile(join(folder, 'synthetic.json'), `${JSON.stringify(marker, null, 2)}\n`)
    await writeFile(join(folder, 'README.md'), readmeText(seed, size, perClass - forTest, forTest))
  })
  return { classes, images: { train: classes.length * (perClass - forTest), test: classes.length * forTest } }
}

const readmeText = (seed: number, size: number, train: number, test: number): string => `# Synthetic mushrooms

**These are drawings made by a program, not photographs.** They stand in for photographs of nine genera of mushrooms where none
are at hand, to try training and the console. What a model learns from them says nothing about real mushrooms: never use it to
decide what to eat.

Written by \`sporeprint data synth\` with seed ${seed}: ${train} pictures a genus in \`train/\`, ${test} in \`test/\`, ${size}×${size} px. The same seed
gives the same pictures. They may be used for anything (CC0-1.0).

Genera: ${GENERA.map(({ name }) => name).join(', ')}. Cap, gills or pores, ring, volva, stem, substrate, light, background, scale and
turn vary within what is usual for each; colours overlap between genera, and a third of the pictures hide the underside.
`
