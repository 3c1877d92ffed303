import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import type { SkippedFile } from '../train/spec.ts'
import { DatasetError } from './dataset-error.ts'
import type { ImageSource } from './image-source.ts'
import { type CacheOptions, PixelCache } from './pixel-cache.ts'
import { type Candidate, type ScannedFolder, type SplitFolder, scanFolder } from './scan-folder.ts'
import { foldPositions, validPositions } from './split.ts'

export interface ImageFolderOptions extends CacheOptions {
  /** Share of each class held out for validation where the folder has no `valid/`; default 0.2. */
  valid?: number | undefined
  /**
   * Whether something is held out for validation where there is no `valid/`; default true. Without, all of it is `train` and `valid` is
   * empty: for looking at images rather than learning from them, so that one class and one image do as well.
   */
  holdOut?: boolean | undefined
  /** Draw the validation images (default), rather than taking the last of each class in name order. */
  shuffle?: boolean | undefined
  /** Seed of that draw; default 42. */
  seed?: number | undefined
  /** Cross-validation: cut each class into so many folds, and hold out one of them instead of the share `valid`. */
  folds?: number | null | undefined
  /** Which fold is held out, from 0. */
  fold?: number | undefined
  /** Up to so many files are all decoded at opening, so that what cannot be read is known before a run; default 2000. */
  checked?: number | undefined
  /** Told of each file that turns out to be unreadable after the opening, once. */
  onSkipped?: ((file: SkippedFile) => void) | undefined
}

/** The images of a dataset at one size. `paths` of the sources are relative to the folder's root. */
export interface FolderSources {
  train: ImageSource
  valid: ImageSource
  test: ImageSource | null
}

/** A dataset on disk, ready for training. */
export interface ImageFolder extends FolderSources {
  root: string
  /** Sorted by code unit. */
  classes: string[]
  /** Files that could not be used, each with its reason; those that turn out unreadable later are added. */
  skipped: SkippedFile[]
  /** Files left aside without being opened, counted: by extension, 'hidden', or 'outside any class folder'. */
  ignored: Record<string, number>
  /** SHA-256 over the names and sizes of the files of training and validation, in order: who has the same has the same images. */
  fingerprint: string
  /** The same images at another size, from a cache of their own. */
  atSize(size: number): Promise<FolderSources>
  /** Files decoded so far, all others came from the cache. */
  decoded(): number
  /** Ends reading: the sources are of no use afterwards. */
  close(): Promise<void>
}

/** Decoding these takes a few seconds. */
const CHECKED_FILES = 2000

/**
 * Opens a folder of class folders, or one that holds `train/`, `valid/` (or `val/`, `validation/`) and `test/`; where there is
 * no `valid/`, a seeded and stratified share of each class of `train/` becomes validation. Folders inside a class folder
 * belong to it.
 *
 * Opening reads names, sizes and times. Pictures are decoded when they are first asked for, and kept in a cache. A small folder
 * (`checked`) is decoded whole at once: what cannot be read is named in `skipped` and takes no part. In a larger one such a file is left
 * out of whatever batch it would be in, and told to `onSkipped`.
 *
 * @throws DatasetError when the folder is no usable dataset (`problem` says which way)
 * @throws EngineError DISK when the cache cannot be written; ABORTED by `signal`
 * @throws RangeError for `size` below 1, `valid` outside (0, 1), or a fold that there is not
 */
export async function openImageFolder(dir: string, options: ImageFolderOptions): Promise<ImageFolder> {
  const { valid = 0.2, checked = CHECKED_FILES, folds, fold = 0 } = options
  checkSize(options.size)
  if (!(valid > 0 && valid < 1)) throw new RangeError(`valid must be a share between 0 and 1, not ${valid}`)
  if (
    folds != null &&
    !(folds >= 2 && fold >= 0 && fold < folds && Number.isInteger(folds) && Number.isInteger(fold))
  ) {
    throw new RangeError(`fold ${fold} of ${folds} does not exist: folds are at least 2, and counted from 0`)
  }
  const scanned = await scanFolder(dir, options.signal)
  checkClasses(scanned, options)
  const parts = [scanned.train, scanned.valid, scanned.test].filter((part) => part !== null)
  const files = parts.flatMap(({ candidates }) => candidates)
  const caches = new Map<number, PixelCache>()
  const cacheOf = async (size: number): Promise<PixelCache> => {
    const cache = caches.get(size) ?? (await PixelCache.open(scanned.root, files, { ...options, size }))
    caches.set(size, cache)
    return cache
  }
  const close = async (): Promise<void> => {
    for (const cache of caches.values()) await cache.close()
    caches.clear()
  }
  const cache = await cacheOf(options.size)
  try {
    const unreadable = files.length <= checked ? await cache.fill() : new Map<number, string>()
    const skipped = scanned.skipped.concat(
      Array.from(unreadable, ([file, reason]) => ({ path: (files[file] as Candidate).path, reason })),
    )
    skipped.sort((a, b) => (a.path < b.path ? -1 : 1))
    const { train, held, test } = chooseImages(scanned, unreadable, skipped, { ...options, valid, fold })
    const { onSkipped } = options
    const told = new Set<number>()
    const tell = (file: number, reason: string): void => {
      if (told.has(file)) return
      told.add(file)
      skipped.push({ path: (files[file] as Candidate).path, reason })
      onSkipped?.(skipped.at(-1) as SkippedFile)
    }
    const sourcesOf = (cache: PixelCache, size: number): FolderSources => {
      const source = (images: Uint32Array): ImageSource =>
        folderSource(cache, size, scanned.train.classes, files, images, tell)
      return { train: source(train), valid: source(held), test: test && source(test) }
    }
    return {
      root: scanned.root,
      classes: scanned.train.classes,
      ...sourcesOf(cache, options.size),
      skipped,
      ignored: scanned.ignored,
      fingerprint: fingerprint(files, [train, held]),
      atSize: async (size) => {
        checkSize(size)
        return sourcesOf(await cacheOf(size), size)
      },
      decoded: () => [...caches.values()].reduce((sum, { decoded }) => sum + decoded, 0),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`size must be a whole number of pixels, not ${size}`)
}

/** Which files, by their place among all, are trained on, held out for validation, and kept for the test. */
function chooseImages(
  scanned: ScannedFolder,
  unreadable: ReadonlyMap<number, string>,
  skipped: readonly SkippedFile[],
  options: ImageFolderOptions & { valid: number; fold: number },
): { train: Uint32Array; held: Uint32Array; test: Uint32Array | null } {
  let start = 0
  const readable = (part: SplitFolder | null): Uint32Array | null => {
    if (!part) return null
    const first = start
    start += part.candidates.length
    const images = Uint32Array.from(part.candidates, (_, i) => first + i).filter((file) => !unreadable.has(file))
    if (images.length > 0 || part === scanned.train) return images
    const message = `${part.folder} has no readable image: fill its class folders, or remove it`
    throw new DatasetError('too-few-images', part.folder, message)
  }
  const train = readable(scanned.train) as Uint32Array
  const { holdOut = true } = options
  if (holdOut) checkReadable(scanned, train, skipped)
  const valid = readable(scanned.valid)
  const test = readable(scanned.test)
  if (!valid && !holdOut) return { train, held: new Uint32Array(), test }
  if (!valid) return { ...splitByClass(scanned, train, options), test }
  if (options.folds == null) return { train, held: valid, test }
  const message = `${scanned.root} has a valid/ folder already: folds are for folders without one; leave folds out, or remove it`
  throw new DatasetError('bad-layout', scanned.root, message)
}

function folderSource(
  cache: PixelCache,
  size: number,
  classes: readonly string[],
  files: readonly Candidate[],
  images: Uint32Array,
  tell: (file: number, reason: string) => void,
): ImageSource {
  const labelOf = new Map(classes.map((name, label) => [name, label]))
  const { length } = images
  const bytes = size * size * 4
  return {
    size,
    length,
    classes,
    labels: Uint32Array.from(images, (file) => labelOf.get((files[file] as Candidate).class) as number),
    paths: Array.from(images, (file) => (files[file] as Candidate).path),
    async read(indices, out) {
      if (out.length < indices.length * bytes) {
        const needed = indices.length * bytes
        throw new RangeError(`${indices.length} images of ${size} px need ${needed} bytes, not ${out.length}`)
      }
      const unreadable: number[] = []
      await Promise.all(
        Array.from(indices, async (index, i) => {
          const file = images[index]
          if (file === undefined) throw new RangeError(`image ${index} of ${length} does not exist`)
          const reason = await cache.read(file, out.subarray(i * bytes, (i + 1) * bytes))
          if (reason === null) return
          unreadable.push(i)
          tell(file, reason)
        }),
      )
      return unreadable.sort((a, b) => a - b)
    },
  }
}

/** What can be known before any image is opened. */
function checkClasses(
  { root, train, valid, test, skipped, ignored }: ScannedFolder,
  { holdOut = true }: ImageFolderOptions,
): void {
  const { classes, folder, candidates } = train
  if (classes.length === 0) {
    const loose = ignored['outside any class folder']
    const links = skipped.length > 0 ? ` (${skipped[0]?.path} is ${skipped[0]?.reason})` : ''
    const cure = loose ? `put its ${loose} files into one folder a class` : 'it needs one folder of images a class'
    throw new DatasetError('no-classes', folder, `${folder} has no class folders: ${cure}${links}`)
  }
  if (classes.length === 1 && holdOut) {
    const message = `${folder} has one class only (${classes[0]}): a classifier needs at least two class folders`
    throw new DatasetError('one-class', folder, message)
  }
  const filled = new Set(candidates.map((candidate) => candidate.class))
  const empty = classes.filter((name) => !filled.has(name))
  if (empty.length > 0 && holdOut) {
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

function checkReadable({ train }: ScannedFolder, images: Uint32Array, skipped: readonly SkippedFile[]): void {
  const readable = new Set(Array.from(images, (file) => train.candidates[file]?.class))
  const lost = train.classes.find((name) => !readable.has(name))
  if (lost === undefined) return
  const first = train.candidates.find((candidate) => candidate.class === lost)?.path
  const reason = skipped.find(({ path }) => path === first)?.reason
  const message = `no image of class ${lost} in ${train.folder} could be read (${first}: ${reason}): replace the files, or remove the folder`
  throw new DatasetError('unreadable-class', join(train.folder, lost), message)
}

function splitByClass(
  { root, train }: ScannedFolder,
  images: Uint32Array,
  options: ImageFolderOptions & { valid: number; fold: number },
): { train: Uint32Array; held: Uint32Array } {
  const { valid, fold, folds, shuffle = true, seed = 42 } = options
  const pathOf = (file: number): string => (train.candidates[file] as Candidate).path
  // An image draws by its name below its split: a plain folder is split as one whose class folders lie in train/.
  const below = train.folder.length > root.length ? train.folder.length - root.length : 0
  const byClass = Map.groupBy(images, (file) => (train.candidates[file] as Candidate).class)
  const held = new Set<number>()
  let before = 0
  for (const [name, members] of byClass) {
    const needed = folds ?? 2
    if (members.length < needed) {
      const purpose = folds == null ? 'to hold one out for validation' : 'to have one in each fold'
      const message = `class ${name} in ${train.folder} has ${members.length} readable image${members.length === 1 ? '' : 's'}: at least ${needed} are needed ${purpose}; add images, or make a valid/ folder`
      throw new DatasetError('too-few-images', join(train.folder, name), message)
    }
    const names = members.map((file) => pathOf(file).slice(below))
    const positions =
      folds == null
        ? validPositions(names, valid, shuffle, seed)
        : foldPositions(names, { folds, fold, shuffle, seed, first: before })
    for (const position of positions) held.add(members[position] as number)
    before += members.length
  }
  return { train: images.filter((file) => !held.has(file)), held: images.filter((file) => held.has(file)) }
}

function fingerprint(files: readonly Candidate[], splits: readonly Uint32Array[]): string {
  const digest = createHash('sha256')
  for (const images of splits) {
    digest.update(`${images.length}\n`)
    for (const file of images) {
      const { path, size } = files[file] as Candidate
      digest.update(`${path}\0${size}\n`)
    }
  }
  return digest.digest('hex')
}

const list = (names: readonly string[], noun: string): string =>
  `${noun}${names.length > 1 ? 'es' : ''} ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
