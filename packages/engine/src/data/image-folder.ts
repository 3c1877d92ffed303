import { basename, join } from 'node:path'
import type { SkippedFile } from '../train/spec.ts'
import { DatasetError } from './dataset-error.ts'
import type { ImageSource } from './image-source.ts'
import { type CacheOptions, type CacheWork, PixelCache } from './pixel-cache.ts'
import { type Candidate, type ScannedFolder, type SplitFolder, scanFolder } from './scan-folder.ts'
import { validPositions } from './split.ts'

export interface ImageFolderOptions extends CacheOptions {
  /** Share of each class held out for validation where the folder has no `valid/`; default 0.2. */
  valid?: number | undefined
  /** Draw the validation images (default), rather than taking the last of each class in name order. */
  shuffle?: boolean | undefined
  /** Seed of that draw; default 42. */
  seed?: number | undefined
}

/** A dataset on disk, ready for training. `paths` of its sources are relative to `root`. */
export interface ImageFolder {
  root: string
  /** Sorted by code unit. */
  classes: string[]
  train: ImageSource
  valid: ImageSource
  test: ImageSource | null
  /** Files that could not be used, each with its reason. */
  skipped: SkippedFile[]
  /** Files left aside without being opened, counted: by extension, 'hidden', or 'outside any class folder'. */
  ignored: Record<string, number>
  /** How much of the opening was not answered by the cache. */
  work: CacheWork
  /** Ends reading: the sources are of no use afterwards. */
  close(): Promise<void>
}

/**
 * Opens a folder of class folders, or one that holds `train/`, `valid/` (or `val/`, `validation/`) and `test/`; where there is
 * no `valid/`, a seeded and stratified share of each class of `train/` becomes validation. Folders inside a class folder
 * belong to it. Every image is decoded into the cache once; one that cannot be is skipped and named in `skipped`.
 *
 * @throws DatasetError when the folder is no usable dataset (`problem` says which way)
 * @throws EngineError DISK when the cache cannot be written; ABORTED by `signal`
 * @throws RangeError for `size` below 1 or `valid` outside (0, 1)
 */
export async function openImageFolder(dir: string, options: ImageFolderOptions): Promise<ImageFolder> {
  const { size, valid = 0.2, shuffle = true, seed = 42 } = options
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a whole number of pixels, not ${size}`)
  if (!(valid > 0 && valid < 1)) throw new RangeError(`valid must be a share between 0 and 1, not ${valid}`)

  const scanned = await scanFolder(dir, options.signal)
  const { classes } = scanned.train
  checkClasses(scanned)
  const parts = [scanned.train, scanned.valid, scanned.test].filter((part) => part !== null)
  const files = parts.flatMap(({ candidates }) => candidates)
  const cache = await PixelCache.open(scanned.root, files, options)

  try {
    const readable = (part: SplitFolder): Image[] => {
      const start = files.indexOf(part.candidates[0] as Candidate)
      return part.candidates
        .map((candidate, i) => ({
          path: candidate.path,
          name: candidate.name,
          class: candidate.class,
          file: start + i,
        }))
        .filter(({ file }) => 'record' in (cache.outcomes[file] as object))
    }
    const skipped = scanned.skipped.concat(
      files.flatMap(({ path }, i) => {
        const outcome = cache.outcomes[i]
        return outcome && 'skipped' in outcome ? [{ path, reason: outcome.skipped }] : []
      }),
    )
    const source = (images: Image[]): ImageSource => new FolderSource(cache, classes, size, images)

    const images = readable(scanned.train)
    checkReadable(scanned, images, skipped)
    const own = scanned.valid && readable(scanned.valid)
    const [train, held] = own ? [images, own] : splitByClass(scanned, images, valid, shuffle, seed)
    const test = scanned.test && readable(scanned.test)
    checkNotEmpty(scanned.valid, held)
    checkNotEmpty(scanned.test, test)
    return {
      root: scanned.root,
      classes,
      train: source(train),
      valid: source(held),
      test: test && source(test),
      skipped: skipped.sort((a, b) => (a.path < b.path ? -1 : 1)),
      ignored: scanned.ignored,
      work: cache.work,
      close: () => cache.close(),
    }
  } catch (error) {
    await cache.close()
    throw error
  }
}

/** A readable image; `file` is its place in the cache. */
interface Image {
  path: string
  name: string
  class: string
  file: number
}

class FolderSource implements ImageSource {
  readonly size: number
  readonly length: number
  readonly classes: readonly string[]
  readonly labels: Uint32Array
  readonly paths: readonly string[]
  readonly #files: Uint32Array
  readonly #cache: PixelCache

  constructor(cache: PixelCache, classes: readonly string[], size: number, images: readonly Image[]) {
    const labels = new Map(classes.map((name, label) => [name, label]))
    this.size = size
    this.length = images.length
    this.classes = classes
    this.labels = Uint32Array.from(images, (image) => labels.get(image.class) as number)
    this.paths = images.map(({ path }) => path)
    this.#files = Uint32Array.from(images, ({ file }) => file)
    this.#cache = cache
  }

  async read(indices: ArrayLike<number>, out: Uint8Array): Promise<void> {
    const bytes = this.size * this.size * 4
    if (out.length < indices.length * bytes) {
      throw new RangeError(
        `${indices.length} images of ${this.size} px need ${indices.length * bytes} bytes, not ${out.length}`,
      )
    }
    await Promise.all(
      Array.from(indices, (index, i) => {
        const file = this.#files[index]
        if (file === undefined) throw new RangeError(`image ${index} of ${this.length} does not exist`)
        return this.#cache.read(file, out.subarray(i * bytes, (i + 1) * bytes))
      }),
    )
  }
}

/** What can be known before any image is opened. */
function checkClasses({ root, train, valid, test, skipped, ignored }: ScannedFolder): void {
  const { classes, folder, candidates } = train
  if (classes.length === 0) {
    const loose = ignored['outside any class folder']
    const links = skipped.length > 0 ? ` (${skipped[0]?.path} is ${skipped[0]?.reason})` : ''
    const cure = loose ? `put its ${loose} files into one folder a class` : 'it needs one folder of images a class'
    throw new DatasetError('no-classes', folder, `${folder} has no class folders: ${cure}${links}`)
  }
  if (classes.length === 1) {
    const message = `${folder} has one class only (${classes[0]}): a classifier needs at least two class folders`
    throw new DatasetError('one-class', folder, message)
  }
  const filled = new Set(candidates.map((candidate) => candidate.class))
  const empty = classes.filter((name) => !filled.has(name))
  if (empty.length > 0) {
    const message = `${list(empty, 'class')} in ${folder} ${empty.length > 1 ? 'have' : 'has'} no images: add some, or remove the folder`
    throw new DatasetError('empty-class', join(folder, empty[0] as string), message)
  }
  for (const part of [valid, test]) {
    const unknown = part?.classes.filter((name) => !classes.includes(name)) ?? []
    if (!part || unknown.length === 0) continue
    const message = `${list(unknown, 'class')} in ${basename(part.folder)}/ of ${root} ${unknown.length > 1 ? 'are' : 'is'} not in train/: add images of it there, or remove the folder`
    throw new DatasetError('unknown-class', join(part.folder, unknown[0] as string), message)
  }
}

function checkReadable({ train }: ScannedFolder, images: readonly Image[], skipped: readonly SkippedFile[]): void {
  const readable = new Set(images.map((image) => image.class))
  const lost = train.classes.find((name) => !readable.has(name))
  if (lost === undefined) return
  const first = train.candidates.find((candidate) => candidate.class === lost)?.path
  const reason = skipped.find(({ path }) => path === first)?.reason
  const message = `no image of class ${lost} in ${train.folder} could be read (${first}: ${reason}): replace the files, or remove the folder`
  throw new DatasetError('unreadable-class', join(train.folder, lost), message)
}

function checkNotEmpty(part: SplitFolder | null, images: readonly Image[] | null): void {
  if (!part || !images || images.length > 0) return
  const message = `${part.folder} has no readable image: fill its class folders, or remove it`
  throw new DatasetError('too-few-images', part.folder, message)
}

function splitByClass(
  { train }: ScannedFolder,
  images: readonly Image[],
  share: number,
  shuffle: boolean,
  seed: number,
): [train: Image[], valid: Image[]] {
  const byClass = Map.groupBy(images, (image) => image.class)
  const held = new Set<Image>()
  for (const [name, members] of byClass) {
    if (members.length < 2) {
      const message = `class ${name} in ${train.folder} has ${members.length} readable image: at least 2 are needed to hold one out for validation; add images, or make a valid/ folder`
      throw new DatasetError('too-few-images', join(train.folder, name), message)
    }
    const names = members.map((member) => member.name)
    for (const position of validPositions(names, share, shuffle, seed)) held.add(members[position] as Image)
  }
  return [images.filter((image) => !held.has(image)), images.filter((image) => held.has(image))]
}

const list = (names: readonly string[], noun: string): string =>
  `${noun}${names.length > 1 ? 'es' : ''} ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
