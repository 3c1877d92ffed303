/**
 * Looks at a dataset's folder: which classes, how many images in each split. Nothing is decoded; the engine, which reads the
 * same layouts, finds out at the start of a run what the files really hold.
 */
import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { InvalidInput } from '../../errors.ts'
import type { ClassCounts } from './datasets.table.ts'

type Split = 'train' | 'valid' | 'test'

const splitNames: Record<string, Split> = {
  train: 'train',
  valid: 'valid',
  val: 'valid',
  validation: 'valid',
  test: 'test',
}
const splitOf = (name: string): Split | undefined => splitNames[name.toLowerCase()]

/** By extension, or without any: what is in the file, its content says. */
const imageFile = /(\.(jpe?g|jpe|jfif|a?png|webp|gif|tiff?)|^[^.]+)$/i

const refuse = (path: string, message: string): InvalidInput =>
  new InvalidInput([{ field: 'input.path', value: path, message }])

/** What the file system said, as a refusal. */
const unreadable = (path: string, error: unknown): unknown => {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) return error
  return refuse(path, code === 'ENOENT' ? 'there is no such folder' : `cannot be read by the server (${code})`)
}

/** True where `path` is one of the folders or below one; all of them with links followed. */
export const liesUnder = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

/**
 * The folder's real path, with every link followed.
 * @throws InvalidInput where it is relative, missing, not a folder, or outside the roots.
 */
export async function resolveFolder(path: string, roots: readonly string[] | undefined): Promise<string> {
  if (!isAbsolute(path)) throw refuse(path, 'must be an absolute path on the server’s machine')
  const outside = () => refuse(path, `must lie under one of the dataset roots: ${roots?.join(', ')}`)
  const folder = await realpath(path).catch((error) => {
    // Where roots are set, what lies outside them must not be found out by asking.
    throw roots ? outside() : unreadable(path, error)
  })
  if (roots) {
    // A root that is not there yet has nothing in it.
    const real = await Promise.all(roots.map((root) => realpath(root).catch(() => resolve(root))))
    if (!liesUnder(folder, real)) throw outside()
  }
  if (!(await stat(folder)).isDirectory()) throw refuse(path, 'is a file; must be a folder of class folders')
  return folder
}

async function subfolders(folder: string): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue
    const isFolder = entry.isSymbolicLink()
      ? (await stat(join(folder, entry.name)).catch(() => null))?.isDirectory()
      : entry.isDirectory()
    if (isFolder) names.push(entry.name)
  }
  return names.sort()
}

async function countImages(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter(({ name }) => !name.startsWith('.'))
    .filter((entry) => !entry.isDirectory() && imageFile.test(entry.name)).length
}

/** Folders of class folders, by split; a folder without a `train` of folders in it is all train. */
async function findSplits(folder: string): Promise<[Split, string][]> {
  const splits: [Split, string][] = []
  for (const name of await subfolders(folder)) {
    const split = splitOf(name)
    // A class may be named train or test; then it holds images, not folders.
    if (split && (await subfolders(join(folder, name))).length > 0) splits.push([split, join(folder, name)])
  }
  if (splits.length === 0) return [['train', folder]]
  if (!splits.some(([split]) => split === 'train')) {
    const found = splits.map(([, path]) => path).join(', ')
    throw refuse(
      folder,
      `has ${found} but no train folder; move the class folders to learn from into ${join(folder, 'train')}`,
    )
  }
  // Train first: it says which classes there are.
  return splits.sort(([a], [b]) => Number(b === 'train') - Number(a === 'train'))
}

/**
 * Classes in the order of their names, with their images in each split. A folder with `train/` in it is read by splits, any
 * other as class folders that all count as `train`.
 * @throws InvalidInput where it cannot be read, there are fewer than two classes, a class has no image to learn from, or a
 * split has a class that train does not have.
 */
export async function scanClassFolders(folder: string): Promise<ClassCounts[]> {
  const classes = new Map<string, ClassCounts>()
  try {
    const splits = await findSplits(folder)
    for (const [split, path] of splits) {
      for (const name of await subfolders(path)) {
        const counts = classes.get(name) ?? { name, train: 0, valid: 0, test: 0 }
        counts[split] += await countImages(join(path, name))
        classes.set(name, counts)
        if (counts.train === 0) {
          const where = join(splits[0]?.[1] ?? folder, name)
          throw refuse(folder, `every class needs images to learn from; put some into ${where}, or remove the class`)
        }
      }
    }
  } catch (error) {
    throw error instanceof InvalidInput ? error : unreadable(folder, error)
  }
  if (classes.size < 2) {
    const found = classes.size === 0 ? 'none' : `only ${[...classes.keys()].join(', ')}`
    throw refuse(folder, `must hold at least two class folders with images; found ${found}`)
  }
  return [...classes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
