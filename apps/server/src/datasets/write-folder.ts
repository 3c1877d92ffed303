import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { CommandError } from '../cli/errors.ts'

/**
 * Fills a new folder all or nothing: `build` fills a temporary folder beside `dir`, which then takes its name.
 * @throws CommandError FOLDER_NOT_EMPTY, NOT_A_FOLDER; whatever `build` throws, with nothing left behind
 */
export async function writeFolder(dir: string, build: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(dir)
  await checkFree(target, dir)
  await mkdir(dirname(target), { recursive: true })
  const temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`))
  // On its own file system and unreadable to others so far: what is built is as public as any other folder.
  const folder = join(temporary, 'data')
  try {
    await mkdir(folder)
    await build(folder)
    // Replaces an empty folder; a folder that has been filled meanwhile makes it fail.
    await rename(folder, target).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOTEMPTY' || error.code === 'EEXIST' ? notEmpty(dir) : error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function checkFree(target: string, dir: string): Promise<void> {
  try {
    if ((await readdir(target)).length > 0) throw notEmpty(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR')
      throw new CommandError('NOT_A_FOLDER', `${dir} is a file: name a folder that does not exist yet`)
    if (code !== 'ENOENT') throw error
  }
}

const notEmpty = (dir: string): CommandError =>
  new CommandError('FOLDER_NOT_EMPTY', `${dir} is not empty: name a folder that does not exist yet, or empty it`)
