/** Finds the images of a dataset folder: its layout (train/valid/test or plain), its classes, its candidate files. */
import { type Dirent, type Stats, statSync } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { throwIfAborted } from '../errors.ts'
import type { SkippedFile } from '../train/spec.ts'
import { DatasetError } from './dataset-error.ts'

/** A file that may be an image: its content decides. There may be very many: it holds no text but its path. */
export interface Candidate {
  /** Relative to the dataset's root, with forward slashes. */
  path: string
  class: string
  size: number
  mtimeMs: number
  ctimeMs: number
}

export interface SplitFolder {
  folder: string
  /** Class folders, sorted by code unit; those without any candidate file included. */
  classes: string[]
  /** Sorted by path. */
  candidates: Candidate[]
}

export interface ScannedFolder {
  root: string
  train: SplitFolder
  /** Null where the folder has none of its own. */
  valid: SplitFolder | null
  test: SplitFolder | null
  /** Files that look like images but cannot be followed: broken links, links out of the dataset. */
  skipped: SkippedFile[]
  /** Files left aside without being opened, counted: by extension, 'hidden', or 'outside any class folder'. */
  ignored: Record<string, number>
}

/** Files found beside images in many datasets. Anything else in a class folder is opened to see what it is. */
const NOT_IMAGES = new Set(
  '.txt .json .jsonl .ndjson .md .csv .tsv .xml .xmp .html .htm .yaml .yml .toml .ini .db .log .pdf .doc .docx .xls .xlsx .py .ipynb .js .ts .sh .mat .npy .npz .pkl .pt .pth .h5 .parquet .zip .gz .tar .7z .rar .mp4 .mov .avi .mkv .webm .mp3 .wav'.split(
    ' ',
  ),
)

const SPLIT_NAMES = new Map([
  ['train', 'train'],
  ['valid', 'valid'],
  ['val', 'valid'],
  ['validation', 'valid'],
  ['test', 'test'],
])
/** Files that are looked at between two turns of the event loop. */
const STATS_AT_ONCE = 2000

/**
 * Walks `dir`. Symbolic links are followed inside `dir` only.
 * @throws DatasetError missing-folder, not-a-folder, no-permission, bad-layout
 */
export async function scanFolder(dir: string, signal?: AbortSignal): Promise<ScannedFolder> {
  const root = await openRoot(dir)
  const scan = new Scan(root, signal)
  const layout = await findLayout(root, scan)
  return {
    root,
    train: await scan.split(layout.train),
    valid: layout.valid === null ? null : await scan.split(layout.valid),
    test: layout.test === null ? null : await scan.split(layout.test),
    skipped: [...scan.skipped].map(([path, reason]) => ({ path, reason })),
    ignored: scan.ignored,
  }
}

async function openRoot(dir: string): Promise<string> {
  try {
    const root = await realpath(dir)
    if ((await stat(root)).isDirectory()) return root
  } catch (error) {
    throw folderError(dir, error)
  }
  throw new DatasetError(
    'not-a-folder',
    dir,
    `${dir} is a file, not a folder: name the folder that holds the class folders`,
  )
}

function folderError(folder: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') {
    return new DatasetError('missing-folder', folder, `${folder} does not exist: check the path`, { cause: error })
  }
  if (code === 'ENOTDIR') {
    return new DatasetError('not-a-folder', folder, `${folder} is not a folder: check the path`, { cause: error })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const message = `${folder} may not be read by this user: change its permissions`
    return new DatasetError('no-permission', folder, message, { cause: error })
  }
  return error
}

interface Layout {
  train: string
  valid: string | null
  test: string | null
}

/**
 * A folder named train, valid or test is a split if it holds folders; else it is a class (of vehicles, say), unless there is
 * nothing but such names.
 */
async function findLayout(root: string, scan: Scan): Promise<Layout> {
  const folders = await scan.folders(root)
  const isSplitName = (folder: string): boolean => SPLIT_NAMES.has(basename(folder).toLowerCase())
  const onlySplits = folders.every(isSplitName)
  const splits: string[] = []
  for (const folder of folders.filter(isSplitName)) {
    if (onlySplits || (await scan.folders(folder)).length > 0) splits.push(folder)
  }
  const find = (role: string): string | null => {
    const [first, second] = splits.filter((folder) => SPLIT_NAMES.get(basename(folder).toLowerCase()) === role)
    if (first && second) {
      const message = `${root} has both ${basename(first)}/ and ${basename(second)}/: keep one of them`
      throw new DatasetError('bad-layout', root, message)
    }
    return first ?? null
  }
  const layout = { train: find('train'), valid: find('valid'), test: find('test') }
  if (layout.train) return { ...layout, train: layout.train }
  // Beside plain classes it would be taken for one.
  const stray = layout.valid ?? layout.test
  if (stray) {
    const message = `${root} has ${basename(stray)}/ but no train/: move the class folders for training into ${join(root, 'train')}`
    throw new DatasetError('bad-layout', root, message)
  }
  return { train: root, valid: null, test: null }
}

class Scan {
  readonly skipped: Map<string, string> = new Map()
  readonly ignored: Record<string, number> = {}
  readonly #root: string
  readonly #signal: AbortSignal | undefined

  constructor(root: string, signal: AbortSignal | undefined) {
    this.#root = root
    this.#signal = signal
  }

  /** Folders directly in `folder`, sorted by name. */
  async folders(folder: string): Promise<string[]> {
    const found: string[] = []
    for (const entry of await this.#entries(folder)) {
      if (entry.name.startsWith('.')) continue
      if ((await this.#kind(join(folder, entry.name), entry)) === 'folder') found.push(join(folder, entry.name))
    }
    return found.sort()
  }

  /** One split: each folder in it is a class. */
  async split(folder: string): Promise<SplitFolder> {
    const folders = await this.folders(folder)
    for (const entry of await this.#entries(folder)) if (entry.isFile()) this.#ignore('outside any class folder')
    const classes = folders.map((classFolder) => basename(classFolder))
    const candidates: Candidate[] = []
    for (const [label, classFolder] of folders.entries()) {
      const files: string[] = []
      await this.#walk(classFolder, new Set(), files)
      for (const [i, file] of files.entries()) {
        if (i % STATS_AT_ONCE === 0) await this.#breathe()
        const info = this.#stat(file)
        if (!info) continue
        const { size, mtimeMs, ctimeMs } = info
        candidates.push({ path: this.#shown(file), class: classes[label] as string, size, mtimeMs, ctimeMs })
      }
    }
    candidates.sort((a, b) => (a.path < b.path ? -1 : 1))
    return { folder, classes, candidates }
  }

  /** Asked synchronously: a hundred thousand promises would take six times as long. */
  #stat(file: string): Stats | undefined {
    try {
      return statSync(file)
    } catch (error) {
      this.#skip(file, `unreadable (${(error as NodeJS.ErrnoException).code})`)
      return undefined
    }
  }

  async #breathe(): Promise<void> {
    await new Promise((turn) => setImmediate(turn))
    throwIfAborted(this.#signal)
  }

  async #walk(folder: string, ancestors: ReadonlySet<string>, files: string[]): Promise<void> {
    throwIfAborted(this.#signal)
    // A link to a folder above would never end.
    const real = await realpath(folder)
    if (ancestors.has(real)) return
    const inside = new Set(ancestors).add(real)
    for (const entry of await this.#entries(folder)) {
      const path = join(folder, entry.name)
      if (entry.name.startsWith('.')) {
        this.#ignore('hidden')
        continue
      }
      const kind = await this.#kind(path, entry)
      const extension = extname(entry.name).toLowerCase()
      if (kind === 'folder') await this.#walk(path, inside, files)
      else if (kind === 'other') continue
      else if (NOT_IMAGES.has(extension) || entry.name === 'Thumbs.db') this.#ignore(extension)
      else files.push(path)
    }
  }

  async #entries(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true })
    } catch (error) {
      throw folderError(folder, error)
    }
  }

  /** What an entry is once links are followed; 'other' has been noted where it matters. */
  async #kind(path: string, entry: Dirent): Promise<'file' | 'folder' | 'other'> {
    if (entry.isFile()) return 'file'
    if (entry.isDirectory()) return 'folder'
    if (!entry.isSymbolicLink()) return 'other'
    try {
      const target = await realpath(path)
      if (!target.startsWith(this.#root + sep)) {
        this.#skip(path, 'a link that leads out of the dataset folder; copy the file here instead')
        return 'other'
      }
      const info = await stat(target)
      return info.isDirectory() ? 'folder' : info.isFile() ? 'file' : 'other'
    } catch (error) {
      this.#skip(path, `a link that cannot be followed (${(error as NodeJS.ErrnoException).code})`)
      return 'other'
    }
  }

  #skip(path: string, reason: string): void {
    this.skipped.set(this.#shown(path), reason)
  }

  #ignore(kind: string): void {
    this.ignored[kind] = (this.ignored[kind] ?? 0) + 1
  }

  #shown(path: string): string {
    return slashed(relative(this.#root, path))
  }
}

const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))
