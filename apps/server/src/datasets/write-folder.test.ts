import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFolder } from './write-folder.ts'

let parent: string
let dir: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sporeprint-write-'))
  dir = join(parent, 'new')
})
afterEach(() => rm(parent, { recursive: true }))

const build = (folder: string): Promise<void> => writeFile(join(folder, 'a.txt'), 'whole')

describe('writeFolder', () => {
  it('writes to a folder that is missing, its parents included, or empty', async () => {
    const deep = join(parent, 'one', 'two')
    await writeFolder(deep, build)
    expect(await readFile(join(deep, 'a.txt'), 'utf8')).toBe('whole')
    await mkdir(dir)
    await writeFolder(dir, build)
    expect(await readdir(dir)).toEqual(['a.txt'])
    expect((await readdir(parent)).sort()).toEqual(['new', 'one'])
  })

  it('leaves a folder that is not empty as it is', async () => {
    await mkdir(dir)
    await writeFile(join(dir, 'mine.txt'), 'precious')
    await expect(writeFolder(dir, build)).rejects.toMatchObject({
      code: 'FOLDER_NOT_EMPTY',
      message: `${dir} is not empty: name a folder that does not exist yet, or empty it`,
    })
    expect(await readdir(dir)).toEqual(['mine.txt'])
  })

  it('leaves a folder as it is that was filled while it built', async () => {
    const late = async (folder: string): Promise<void> => {
      await build(folder)
      await mkdir(dir)
      await writeFile(join(dir, 'mine.txt'), 'precious')
    }
    await expect(writeFolder(dir, late)).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
    expect(await readdir(parent)).toEqual(['new'])
    expect(await readdir(dir)).toEqual(['mine.txt'])
  })

  it('refuses a file', async () => {
    await writeFile(dir, 'a file')
    await expect(writeFolder(dir, build)).rejects.toMatchObject({ code: 'NOT_A_FOLDER' })
  })

  it('leaves nothing behind when building fails', async () => {
    const fail = async (folder: string): Promise<void> => {
      await build(folder)
      throw new Error('the pencil broke')
    }
    await expect(writeFolder(dir, fail)).rejects.toThrow('the pencil broke')
    expect(await readdir(parent)).toEqual([])
  })
})
