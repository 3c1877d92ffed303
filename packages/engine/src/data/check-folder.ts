import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import { throwIfAborted } from '../errors.ts'
import type { SkippedFile } from '../train/spec.ts'
import { forEachConcurrent } from './concurrent.ts'
import { decodeImage, UnreadableImageError } from './decode-image.ts'
import { formatOfExtension, type ImageFormat, SNIFF_BYTES, sniffFormat } from './image-format.ts'
import { lookAt } from './look.ts'
import { type NearDuplicates, nearDuplicates } from './near-duplicates.ts'
import type { PerceptualHash } from './perceptual-hash.ts'
import { type Candidate, type SplitFolder, scanFolder } from './scan-folder.ts'

export interface FolderReport {
  root: string
  /** Files that were opened. */
  files: number
  /** Images by class, of each split; without train/ all count as train. */
  classes: { class: string; train: number; valid: number; test: number }[]
  /** Files that training would skip. */
  unreadable: SkippedFile[]
  /** Files of the same content. */
  duplicates: DuplicateGroup[]
  /** Pairs of images in two splits, or under two labels, that look the same without being the same file. */
  nearDuplicates: NearDuplicates
  /** Images whose extension names another format than they have; they are read all the same. */
  mislabelled: { path: string; extension: string; format: ImageFormat }[]
  /** Files left aside without being opened, counted: by extension, 'hidden', or 'outside any class folder'. */
  ignored: Record<string, number>
}

export interface DuplicateGroup {
  paths: string[]
  /** The same image under two labels: one of them is wrong. */
  acrossClasses: boolean
  /** The same image in training and in what judges it: the figures will flatter. */
  acrossSplits: boolean
}

export interface CheckOptions {
  concurrency?: number | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Decoding is complete at any size; a small one is cheap to resize to. */
const CHECK_SIZE = 32

type SplitName = 'train' | 'valid' | 'test'

interface CheckedFile extends Candidate {
  split: SplitName
  content: string | null
  readable: boolean
  hash: PerceptualHash | null
}

/**
 * Opens and decodes every file of a dataset folder and reports what is wrong with it. Nothing is changed or cached.
 * @throws DatasetError when there is no such folder, or its layout contradicts itself
 */
export async function checkImageFolder(dir: string, options: CheckOptions = {}): Promise<FolderReport> {
  const { concurrency = availableParallelism(), onProgress, signal } = options
  const scanned = await scanFolder(dir, signal)
  const unreadable = [...scanned.skipped]
  const mislabelled: FolderReport['mislabelled'] = []
  const files = (['train', 'valid', 'test'] as const).flatMap((split) => filesOf(scanned[split], split))
  let done = 0
  await forEachConcurrent(files, concurrency, async (file) => {
    throwIfAborted(signal)
    const reason = await inspect(scanned.root, file, mislabelled)
    if (reason === null) file.readable = true
    else unreadable.push({ path: file.path, reason })
    onProgress?.(++done, files.length)
  })
  return {
    root: scanned.root,
    files: files.length,
    classes: countClasses([scanned.train, scanned.valid, scanned.test], files),
    unreadable: unreadable.sort(byPath),
    duplicates: findDuplicates(files),
    nearDuplicates: findNearDuplicates(files),
    mislabelled: mislabelled.sort(byPath),
    ignored: scanned.ignored,
  }
}

const filesOf = (part: SplitFolder | null, split: SplitName): CheckedFile[] =>
  part?.candidates.map((candidate) => ({ ...candidate, split, content: null, readable: false, hash: null })) ?? []

const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1)

/** Notes the file's content, format and likeness. Returns why it cannot be read, or null. */
async function inspect(
  root: string,
  file: CheckedFile,
  mislabelled: FolderReport['mislabelled'],
): Promise<string | null> {
  let bytes: Buffer
  try {
    bytes = await readFile(join(root, file.path))
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code}); check its permissions and the disk`
  }
  file.content = hash('sha256', bytes)
  const { format } = sniffFormat(bytes.subarray(0, SNIFF_BYTES))
  const extension = extname(file.path).toLowerCase()
  if (format !== null && formatOfExtension(extension) !== format)
    mislabelled.push({ path: file.path, extension, format })
  try {
    await decodeImage(bytes, CHECK_SIZE)
    file.hash = (await lookAt(bytes)).hash
    return null
  } catch (error) {
    if (error instanceof UnreadableImageError) return error.message
    throw error
  }
}

function countClasses(parts: readonly (SplitFolder | null)[], files: readonly CheckedFile[]): FolderReport['classes'] {
  const names = new Set(parts.flatMap((part) => part?.classes ?? []))
  const counts = new Map([...names].sort().map((name) => [name, { class: name, train: 0, valid: 0, test: 0 }]))
  for (const file of files) {
    const count = counts.get(file.class)
    if (count && file.readable) count[file.split]++
  }
  return [...counts.values()]
}

function findDuplicates(files: readonly CheckedFile[]): DuplicateGroup[] {
  // Empty and broken files are reported as such.
  const groups = Map.groupBy(
    files.filter(({ readable }) => readable),
    ({ content }) => content,
  )
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      paths: group.map(({ path }) => path),
      acrossClasses: new Set(group.map((file) => file.class)).size > 1,
      acrossSplits: new Set(group.map(({ split }) => split)).size > 1,
    }))
}

function findNearDuplicates(files: readonly CheckedFile[]): NearDuplicates {
  return nearDuplicates(
    files.map(({ path, class: name, split }) => ({ path, class: name, split })),
    files.map(({ hash }) => hash),
    (i, j) => {
      const [a, b] = [files[i] as CheckedFile, files[j] as CheckedFile]
      return a.content !== b.content && (a.split !== b.split || a.class !== b.class)
    },
  )
}
