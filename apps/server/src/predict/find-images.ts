import { glob, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { errorCode } from '../cli/errors.ts'

/** Of a folder, files that look like images; their content decides later. */
const extensions = new Set('.jpg .jpeg .jpe .jfif .png .apng .webp .gif .tif .tiff'.split(' '))

export interface FoundImages {
  images: string[]
  /** What was asked for and is nowhere. */
  missing: { image: string; reason: string }[]
}

/** The files that arguments mean, each once, in their order: a file itself, a folder's images at any depth, what a pattern matches. */
export async function findImages(args: readonly string[]): Promise<FoundImages> {
  const images = new Set<string>()
  const missing: FoundImages['missing'] = []
  for (const arg of args) {
    const kind = await kindOf(arg)
    if (kind === 'file') {
      images.add(arg)
      continue
    }
    const names = await listed(kind === 'folder' ? glob('**/*', { cwd: arg }) : glob(arg))
    const paths = kind === 'folder' ? names.map((name) => join(arg, name)) : names
    const found = await filesOf(
      kind === 'folder' ? paths.filter((path) => extensions.has(extname(path).toLowerCase())) : paths,
    )
    for (const path of found) images.add(path)
    if (found.length > 0) continue
    const isPattern = /[*?[{]/.test(arg)
    const reason =
      kind === 'folder' ? 'a folder without images' : isPattern ? 'it matches no file' : 'there is no such file'
    missing.push({ image: arg, reason })
  }
  return { images: [...images], missing }
}

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return null
    throw error
  }
}

/** In the order of their names, as a shell lists them. */
async function listed(names: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const name of names) all.push(name)
  return all.sort()
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const kinds = await Promise.all(paths.map(kindOf))
  return paths.filter((_, i) => kinds[i] === 'file')
}
