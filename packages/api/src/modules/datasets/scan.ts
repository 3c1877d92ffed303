/** Looks at a dataset's folder: which classes, how many images in each split. Nothing is decoded. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import { InvalidInput } from '../../errors.ts'
import type { ClassCounts } from './datasets.table.ts'

const imageFile = /\.(jpe?g|png|webp|gif|tiff?)$/i
const splits = ['train', 'valid', 'test'] as const
type Split = (typeof splits)[number]

const refuse = (path: string, message: string): InvalidInput =>
  new InvalidInput([{ field: 'input.path', value: path, message }])

/**
 * The folder's real path, with every link followed.
 * @throws InvalidInput where it is relative, missing, not a folder, or outside the roots.
 */
export async function resolveFolder(path: string, roots: readonly string[] | undefined): Promise<string> {
  if (!isAbsolute(path)) throw refuse(path, 'must be an absolute path on the server’s machine')
  const outside = () => refuse(path, `must lie under one of the dataset roots: ${roots?.join(', ')}`)
  const folder = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    // Where roots are set, what lies outside them must not be found out by asking.
    if (roots) throw outside()
    throw refuse(path, error.code === 'ENOENT' ? 'there is no such folder' : `cannot be read (${error.code})`)
  })
  if (roots) {
    const real = await Promise.all(roots.map((root) => realpath(root)))
    if (!real.some((root) => folder === root || folder.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw outside()
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
  return entries.filter((entry) => !entry.isDirectory() && imageFile.test(entry.name)).length
}

/**
 * Classes in the order of their names, with their images in each split. A folder with `train/` in it is read by splits, any
 * other as class folders that all count as `train`.
 * @throws InvalidInput where there are fewer than two classes, a class has no image to learn from, or a split has a class
 * that train/ does not have.
 */
export async function scanClassFolders(folder: string): Promise<ClassCounts[]> {
  const top = await subfolders(folder)
  const bySplit = top.includes('train')
  const classes = new Map<string, ClassCounts>()
  const present: readonly Split[] = bySplit ? splits.filter((split) => top.includes(split)) : ['train']
  for (const split of present) {
    const root = bySplit ? join(folder, split) : folder
    for (const name of await subfolders(root)) {
      const counts = classes.get(name) ?? { name, train: 0, valid: 0, test: 0 }
      counts[split] = await countImages(join(root, name))
      classes.set(name, counts)
      if (counts.train === 0) {
        const where = join(bySplit ? join(folder, 'train') : folder, name)
        throw refuse(folder, `every class needs images to learn from; put some into ${where}, or remove the class`)
      }
    }
  }
  if (classes.size < 2) {
    const found = classes.size === 0 ? 'none' : `only ${[...classes.keys()].join(', ')}`
    throw refuse(folder, `must hold at least two class folders with images; found ${found}`)
  }
  return [...classes.values()]
}
