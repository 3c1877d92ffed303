import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { checkImageFolder } from './check-folder.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-check-'))
  for (const folder of ['train/cat', 'train/dog', 'test/cat']) await mkdir(join(dir, folder), { recursive: true })
})
afterEach(() => rm(dir, { recursive: true }))

const paint = (path: string, background: string, format: 'png' | 'jpeg' = 'png') =>
  sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .toFormat(format)
    .toFile(join(dir, path))

it('reports what cannot be read, what is there twice and what is misnamed, and counts the rest', async () => {
  await paint('train/cat/red.png', 'red')
  await paint('train/cat/green.png', 'green')
  await paint('train/dog/blue.png', 'blue')
  await paint('train/dog/really-a-jpeg.png', 'teal', 'jpeg')
  await writeFile(join(dir, 'train/dog/empty.jpg'), '')
  await writeFile(join(dir, 'train/dog/empty-too.jpg'), '')
  await writeFile(join(dir, 'train/dog/notes.txt'), 'barks')
  await cp(join(dir, 'train/cat/red.png'), join(dir, 'test/cat/red.png'))
  await cp(join(dir, 'train/cat/green.png'), join(dir, 'train/dog/green.png'))
  const seen: number[] = []
  expect(await checkImageFolder(dir, { onProgress: (done) => seen.push(done) })).toEqual({
    root: dir,
    files: 8,
    classes: [
      { class: 'cat', train: 2, valid: 0, test: 1 },
      { class: 'dog', train: 3, valid: 0, test: 0 },
    ],
    unreadable: [
      { path: 'train/dog/empty-too.jpg', reason: 'an empty file (0 bytes)' },
      { path: 'train/dog/empty.jpg', reason: 'an empty file (0 bytes)' },
    ],
    duplicates: [
      { paths: ['train/cat/green.png', 'train/dog/green.png'], acrossClasses: true, acrossSplits: false },
      { paths: ['train/cat/red.png', 'test/cat/red.png'], acrossClasses: false, acrossSplits: true },
    ],
    nearDuplicates: { count: 0, pairs: [] },
    mislabelled: [{ path: 'train/dog/really-a-jpeg.png', extension: '.png', format: 'jpeg' }],
    ignored: { '.txt': 1 },
  })
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

it('tells of images that look the same in two splits or under two labels, though their files differ', async () => {
  const noise = {
    width: 24,
    height: 24,
    channels: 3,
    background: 'grey',
    noise: { type: 'gaussian', mean: 120, sigma: 60 },
  } as const
  const picture = await sharp({ create: noise }).png().toBuffer()
  await paint('train/dog/red.png', 'red')
  const write = (path: string, image: Sharp) => image.toFile(join(dir, path))
  await write('train/cat/a.png', sharp(picture))
  await write('train/cat/same-class.jpg', sharp(picture).jpeg({ quality: 90 }))
  await write('train/dog/other-class.jpg', sharp(picture).jpeg({ quality: 80 }))
  await write('test/cat/other-split.webp', sharp(picture).webp({ quality: 95 }))
  const { nearDuplicates, duplicates } = await checkImageFolder(dir)
  expect(duplicates).toEqual([])
  expect(nearDuplicates.pairs.map(({ first, second }) => [first.path, second.path]).sort()).toEqual([
    ['train/cat/a.png', 'test/cat/other-split.webp'],
    ['train/cat/a.png', 'train/dog/other-class.jpg'],
    ['train/cat/same-class.jpg', 'test/cat/other-split.webp'],
    ['train/cat/same-class.jpg', 'train/dog/other-class.jpg'],
    ['train/dog/other-class.jpg', 'test/cat/other-split.webp'],
  ])
})

it('finds nothing wrong with a sound folder', async () => {
  await paint('train/cat/red.png', 'red')
  await paint('train/dog/blue.jpg', 'blue', 'jpeg')
  await paint('test/cat/green.png', 'green')
  expect(await checkImageFolder(dir)).toMatchObject({
    unreadable: [],
    duplicates: [],
    nearDuplicates: { count: 0 },
    mislabelled: [],
    ignored: {},
  })
})

it('refuses a folder that is missing', async () => {
  await expect(checkImageFolder(join(dir, 'nowhere'))).rejects.toMatchObject({ problem: 'missing-folder' })
})
