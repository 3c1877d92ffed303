import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SkippedFile } from '../train/spec.ts'
import { type ImageFolder, type ImageFolderOptions, openImageFolder } from './image-folder.ts'
import { batches, IGNORED_LABEL } from './loader.ts'

let scratch: string
let dir: string
let options: ImageFolderOptions
let serial = 0

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sporeprint-folder-'))
})
afterAll(() => rm(scratch, { recursive: true }))
beforeEach(() => {
  dir = join(scratch, `${serial}`)
  options = { size: 8, cacheDir: join(scratch, `cache-${serial++}`) }
})

/** A small PNG whose colour is drawn from its path, so that no two are alike. */
async function image(...parts: string[]): Promise<string> {
  const path = join(dir, ...parts)
  await mkdir(dirname(path), { recursive: true })
  const [r, g, b] = Array.from({ length: 3 }, (_, i) =>
    [...path].reduce((sum, c) => (sum * 31 + c.charCodeAt(0) + i) % 256, 7),
  )
  await sharp({
    create: { width: 10, height: 10, channels: 3, background: { r: r ?? 0, g: g ?? 0, b: b ?? 0 } },
  }).toFile(path)
  return path
}

async function images(folder: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await image(folder, `${String(i).padStart(3, '0')}.png`)
}

async function text(content: string, ...parts: string[]): Promise<void> {
  const path = join(dir, ...parts)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

async function use<T>(
  look: (folder: ImageFolder) => T | Promise<T>,
  opts: Partial<ImageFolderOptions> = {},
): Promise<T> {
  const folder = await openImageFolder(dir, { ...options, ...opts })
  try {
    return await look(folder)
  } finally {
    await folder.close()
  }
}

const countsOf = (labels: Uint32Array): number[] => {
  const counts: number[] = []
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

describe('a folder of class folders', () => {
  it('is split by class, every image on one side', async () => {
    await images('cat', 10)
    await images('dog', 20)
    await use(({ classes, train, valid, test }) => {
      expect(classes).toEqual(['cat', 'dog'])
      expect(countsOf(train.labels)).toEqual([8, 16])
      expect(countsOf(valid.labels)).toEqual([2, 4])
      expect(new Set([...train.paths, ...valid.paths]).size).toBe(30)
      expect(test).toBeNull()
    })
  })

  it('is split the same way for the same seed, and another for another seed', async () => {
    await images('cat', 12)
    await images('dog', 12)
    const drawn = (opts: Partial<ImageFolderOptions>) => use(({ valid }) => valid.paths, opts)
    const first = await drawn({})
    expect(await drawn({ cacheDir: join(scratch, 'elsewhere') })).toEqual(first)
    expect(await drawn({ seed: 7 })).not.toEqual(first)
  })

  it('holds out the last share in name order without shuffle', async () => {
    await images('cat', 5)
    await images('dog', 5)
    const paths = await use(({ valid }) => valid.paths, { shuffle: false, valid: 0.4 })
    expect(paths).toEqual(['cat/003.png', 'cat/004.png', 'dog/003.png', 'dog/004.png'])
  })

  it('keeps the split of the other images when one is added', async () => {
    await images('cat', 20)
    await images('dog', 20)
    const before = await use(({ valid }) => valid.paths)
    await image('cat', '010a.png')
    const after = await use(({ valid }) => valid.paths)
    const moved = before.filter((path) => !after.includes(path))
    expect(moved.length).toBeLessThanOrEqual(1)
  })

  it('may have folders inside a class folder, and files that are no images beside them', async () => {
    await images('cat', 2)
    await image('cat', 'indoors', 'tabby', 'a.png')
    await images('dog', 2)
    await text('a,b', 'labels.csv')
    await text('notes', 'cat', 'notes.txt')
    await text('', 'dog', '.DS_Store')
    await use(({ train, valid, skipped, ignored }) => {
      expect([...train.paths, ...valid.paths].sort()).toContain('cat/indoors/tabby/a.png')
      expect(train.length + valid.length).toBe(5)
      expect(skipped).toEqual([])
      expect(ignored).toEqual({ '.txt': 1, hidden: 1, 'outside any class folder': 1 })
    })
  })

  it('may have a class called train', async () => {
    await images('train', 3)
    await images('bus', 3)
    expect(await use(({ classes }) => classes)).toEqual(['bus', 'train'])
  })

  it('opens images without an extension, by their content', async () => {
    await images('cat', 2)
    await images('dog', 2)
    await cp(join(dir, 'dog', '000.png'), join(dir, 'dog', 'n02085620'))
    expect(await use(({ train, valid }) => [...train.paths, ...valid.paths])).toContain('dog/n02085620')
  })

  it('does not follow links out of it or in circles, and follows those inside', async () => {
    await images('cat', 2)
    await images('dog', 2)
    const outside = join(scratch, 'outside.png')
    await cp(join(dir, 'cat', '000.png'), outside)
    await symlink(outside, join(dir, 'cat', 'out.png'))
    await symlink(join(dir, 'cat', 'nowhere.png'), join(dir, 'cat', 'broken.png'))
    await symlink(join(dir, 'cat'), join(dir, 'cat', 'circle'))
    await symlink(join(dir, 'dog', '000.png'), join(dir, 'dog', 'again.png'))
    await use(({ train, valid, skipped }) => {
      expect([...train.paths, ...valid.paths].sort()).toEqual([
        'cat/000.png',
        'cat/001.png',
        'dog/000.png',
        'dog/001.png',
        'dog/again.png',
      ])
      expect(skipped).toEqual([
        { path: 'cat/broken.png', reason: 'a link that cannot be followed (ENOENT)' },
        { path: 'cat/out.png', reason: 'a link that leads out of the dataset folder; copy the file here instead' },
      ])
    })
  })
})

describe('a folder with train, valid and test', () => {
  it('keeps its own validation and test images, whatever validation is called', async () => {
    for (const split of ['train', 'val', 'test']) {
      await images(`${split}/cat`, 3)
      await images(`${split}/dog`, 2)
    }
    await use(({ classes, train, valid, test }) => {
      expect(classes).toEqual(['cat', 'dog'])
      expect(countsOf(train.labels)).toEqual([3, 2])
      expect(valid.paths).toEqual([
        'val/cat/000.png',
        'val/cat/001.png',
        'val/cat/002.png',
        'val/dog/000.png',
        'val/dog/001.png',
      ])
      expect(test?.length).toBe(5)
    })
  })

  it('labels by the classes of train even where valid lacks one', async () => {
    for (const name of ['ant', 'bee', 'cat']) await images(`train/${name}`, 2)
    await images('valid/cat', 1)
    expect(await use(({ valid }) => [...valid.labels])).toEqual([2])
  })

  it('splits train where there is no valid, in the same way as a plain folder', async () => {
    await images('cat', 10)
    await images('dog', 10)
    const plain = await use(({ valid }) => valid.paths)
    const flat = dir
    dir = `${flat}-nested`
    await cp(flat, join(dir, 'train'), { recursive: true })
    expect(await use(({ valid }) => valid.paths)).toEqual(plain.map((path) => `train/${path}`))
  })
})

describe('reading', () => {
  it('gives the pixels of the images asked for, in that order, through batches too', async () => {
    await images('cat', 4)
    await images('dog', 4)
    await use(async ({ train }) => {
      const out = new Uint8Array(train.length * 8 * 8 * 4)
      await train.read([...train.labels.keys()].reverse(), out)
      for (let i = 0; i < train.length; i++) {
        const { dominant } = await sharp(join(dir, train.paths[train.length - 1 - i] ?? '')).stats()
        const [r = 0, g = 0, b = 0, a] = out.subarray(i * 256, i * 256 + 4)
        // `dominant` is the centre of one of 4096 colour bins, 16 values wide.
        for (const [seen, bin] of [
          [r, dominant.r],
          [g, dominant.g],
          [b, dominant.b],
        ] as const) {
          expect(Math.abs(seen - bin)).toBeLessThanOrEqual(8)
        }
        expect(a).toBe(255)
      }
      for await (const { pixels, indices } of batches(train, {
        batch: 2,
        seed: 1,
        epoch: 0,
        sampling: 'shuffle',
        dropLast: true,
      })) {
        const alone = new Uint8Array(256)
        await train.read([indices[1] ?? 0], alone)
        expect(pixels.subarray(256)).toEqual(alone)
      }
    })
  })

  it('refuses an image that does not exist and a buffer too small', async () => {
    await images('cat', 2)
    await images('dog', 2)
    await use(async ({ train }) => {
      await expect(train.read([99], new Uint8Array(256))).rejects.toThrow('image 99 of 2 does not exist')
      await expect(train.read([0, 1], new Uint8Array(256))).rejects.toThrow(RangeError)
    })
  })

  it('tells its progress up to the last file', async () => {
    await images('cat', 3)
    await images('dog', 3)
    const seen: [number, number][] = []
    await use(() => {}, { onProgress: (done, total) => seen.push([done, total]) })
    expect(seen.at(-1)).toEqual([6, 6])
  })
})

describe('broken files', () => {
  it('are skipped, each named with its reason', async () => {
    await images('cat', 3)
    await images('dog', 3)
    const whole = await sharp({
      create: {
        width: 60,
        height: 90,
        channels: 3,
        background: 'teal',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer()
    await writeFile(join(dir, 'cat', 'cut.jpg'), whole.subarray(0, whole.length * 0.9))
    await text('', 'cat', 'empty.png')
    await text('this is no picture', 'dog', 'text.jpg')
    await use(({ train, valid, skipped }) => {
      expect(train.length + valid.length).toBe(6)
      expect(skipped).toEqual([
        { path: 'cat/cut.jpg', reason: expect.stringMatching(/^damaged or cut off JPEG/) },
        { path: 'cat/empty.png', reason: 'an empty file (0 bytes)' },
        { path: 'dog/text.jpg', reason: 'a text file; convert it to one of JPEG, PNG, WEBP, GIF, TIFF, or remove it' },
      ])
    })
    // They are still named when the answer comes from the cache.
    expect(await use(({ skipped }) => skipped.length)).toBe(3)
  })

  it('of a folder too large to be checked at opening are left out of their batches, and told once', async () => {
    await images('cat', 6)
    await images('dog', 6)
    await text('this is no picture', 'cat', '003.png')
    const told: SkippedFile[] = []
    const options = { checked: 5, valid: 0.2, shuffle: false, onSkipped: (file: SkippedFile) => told.push(file) }
    await use(async ({ train, skipped, decoded }) => {
      expect([train.length, skipped.length, decoded()]).toEqual([10, 0, 0])
      for (const epoch of [0, 1]) {
        const seen: { count: number; indices: number[]; labels: number[] }[] = []
        const order = { batch: 5, sampling: 'sequential', seed: 1, epoch, dropLast: true } as const
        for await (const { pixels, count, indices, labels } of batches(train, order)) {
          seen.push({ count, indices: [...indices], labels: [...labels] })
          for (const [row, index] of indices.entries()) {
            const alone = new Uint8Array(256)
            await train.read([index], alone)
            expect(pixels.subarray(256 * row, 256 * (row + 1))).toEqual(alone)
          }
        }
        expect(seen).toEqual([
          { count: 4, indices: [0, 1, 2, 4, 0], labels: [0, 0, 0, 0, IGNORED_LABEL] },
          { count: 5, indices: [5, 6, 7, 8, 9], labels: [1, 1, 1, 1, 1] },
        ])
      }
      expect(told).toEqual([{ path: 'cat/003.png', reason: expect.stringContaining('a text file') }])
      expect(skipped).toEqual(told)
    }, options)
  })

  it('are an error where a batch has nothing else', async () => {
    await images('cat', 3)
    await images('dog', 3)
    for (const name of ['000', '001', '002']) await text('', 'cat', `${name}.png`)
    await use(
      async ({ train }) => {
        const order = { batch: 2, sampling: 'sequential', seed: 1, epoch: 0, dropLast: true } as const
        await expect(batches(train, order).next()).rejects.toMatchObject({
          code: 'BAD_DATASET',
          message: expect.stringContaining('cat/00'),
        })
      },
      { checked: 0 },
    )
  })
})

describe('a folder whose files change', () => {
  it('is refused at the file that did, rather than trained on as another', async () => {
    await images('cat', 3)
    await images('dog', 3)
    await use(
      async ({ train }) => {
        await writeFile(join(dir, train.paths[0] ?? ''), 'something else')
        await expect(train.read([0], new Uint8Array(256))).rejects.toMatchObject({
          problem: 'changed-file',
          message: expect.stringContaining('open it again'),
        })
      },
      { checked: 0 },
    )
  })

  it('has another fingerprint, which its place on disk has no part in', async () => {
    await images('cat', 3)
    await images('dog', 3)
    const print = () => use(({ fingerprint }) => fingerprint)
    const first = await print()
    await cp(dir, `${dir}-moved`, { recursive: true })
    dir = `${dir}-moved`
    expect(await print()).toBe(first)
    await image('dog', '003.png')
    expect(await print()).not.toBe(first)
  })
})

describe('at another size', () => {
  it('a folder has the same images in the same order', async () => {
    await images('cat', 4)
    await images('dog', 4)
    await use(async (folder) => {
      const small = await folder.atSize(4)
      expect(small.train.size).toBe(4)
      expect(small.train.paths).toEqual(folder.train.paths)
      expect(small.valid.labels).toEqual(folder.valid.labels)
      const [large, out] = [new Uint8Array(256), new Uint8Array(64)]
      await folder.train.read([2], large)
      await small.train.read([2], out)
      expect(out).toEqual(large.subarray(0, 64))
    })
  })
})

describe('folds', () => {
  it('hold out every image once, each class within one image of its share', async () => {
    await images('cat', 11)
    await images('dog', 7)
    const held: string[] = []
    const sizes: number[][] = []
    for (let fold = 0; fold < 5; fold++) {
      await use(
        ({ train, valid }) => {
          expect(new Set([...train.paths, ...valid.paths]).size).toBe(18)
          held.push(...valid.paths)
          sizes.push([...countsOf(valid.labels), valid.length])
        },
        { folds: 5, fold },
      )
    }
    expect(new Set(held).size).toBe(18)
    expect(held).toHaveLength(18)
    for (const [column, least] of [2, 1, 3].entries()) {
      for (const counts of sizes) expect([least, least + 1]).toContain(counts[column])
    }
  })

  it('are refused for a class smaller than their number, a fold that there is not, and a folder with valid/', async () => {
    await images('cat', 5)
    await images('dog', 4)
    const open = (opts: Partial<ImageFolderOptions>) => use(() => 'opened', opts)
    await expect(open({ folds: 5 })).rejects.toMatchObject({ problem: 'too-few-images', path: join(dir, 'dog') })
    await expect(open({ folds: 4, fold: 4 })).rejects.toThrow('counted from 0')
    dir = `${dir}-split`
    for (const name of ['train/cat', 'train/dog', 'valid/cat']) await images(name, 4)
    await expect(open({ folds: 4 })).rejects.toMatchObject({ problem: 'bad-layout' })
  })
})

describe('a folder that is no dataset', () => {
  const failure = (opts: Partial<ImageFolderOptions> = {}) =>
    use(() => 'opened', opts).catch(({ name, code, problem, path, message }) => ({
      name,
      code,
      problem,
      path,
      message,
    }))

  it('is refused when it is missing', async () => {
    expect(await failure()).toEqual({
      name: 'DatasetError',
      code: 'BAD_DATASET',
      problem: 'missing-folder',
      path: dir,
      message: `${dir} does not exist: check the path`,
    })
  })

  it('is refused when it is a file', async () => {
    await text('x', 'file')
    dir = join(dir, 'file')
    expect(await failure()).toMatchObject({ problem: 'not-a-folder' })
  })

  it('is refused without class folders, saying what is there instead', async () => {
    await image('1.png')
    expect(await failure()).toMatchObject({
      problem: 'no-classes',
      message: `${dir} has no class folders: put its 1 files into one folder a class`,
    })
  })

  it('is refused with one class', async () => {
    await images('cat', 3)
    expect(await failure()).toMatchObject({ problem: 'one-class', message: expect.stringContaining('(cat)') })
  })

  it('is refused with an empty class, naming it, before anything is decoded', async () => {
    await images('cat', 3)
    await text('no picture', 'dog', 'readme.txt')
    expect(await failure()).toMatchObject({
      problem: 'empty-class',
      path: join(dir, 'dog'),
      message: `class dog in ${dir} has no images: add some, or remove the folder`,
    })
    await expect(readdir(options.cacheDir ?? '')).rejects.toThrow('ENOENT')
  })

  it('is refused when no image of a class can be read, with the first reason', async () => {
    await images('cat', 3)
    await text('', 'dog', 'a.jpg')
    expect(await failure()).toMatchObject({
      problem: 'unreadable-class',
      message: expect.stringContaining('dog/a.jpg: an empty file (0 bytes)'),
    })
  })

  it('is refused when a class has too few images to hold one out', async () => {
    await images('cat', 3)
    await images('dog', 1)
    expect(await failure()).toMatchObject({ problem: 'too-few-images', path: join(dir, 'dog') })
  })

  it('is refused when valid has a class that train lacks', async () => {
    for (const name of ['train/cat', 'train/dog', 'valid/cat', 'valid/fox']) await images(name, 2)
    expect(await failure()).toMatchObject({ problem: 'unknown-class', path: join(dir, 'valid', 'fox') })
  })

  it('is refused with two validation folders, or a test folder without train', async () => {
    for (const name of ['train/cat', 'train/dog', 'valid/cat', 'val/cat']) await images(name, 2)
    expect(await failure()).toMatchObject({
      problem: 'bad-layout',
      message: expect.stringContaining('val/ and valid/'),
    })
    dir = `${dir}-test`
    for (const name of ['cat', 'dog', 'test/cat']) await images(name, 2)
    expect(await failure()).toMatchObject({ problem: 'bad-layout', message: expect.stringContaining('no train/') })
  })

  it('is refused when its validation or test folder has no readable image', async () => {
    for (const name of ['train/cat', 'train/dog']) await images(name, 2)
    await text('', 'test', 'cat', 'a.jpg')
    expect(await failure()).toMatchObject({ problem: 'too-few-images', path: join(dir, 'test') })
  })

  it('stops on request', async () => {
    await images('cat', 3)
    await images('dog', 3)
    expect(await failure({ signal: AbortSignal.abort() })).toMatchObject({ code: 'ABORTED' })
  })

  it('is refused for a size or share that makes no sense', async () => {
    expect(await failure({ size: 0 })).toMatchObject({ name: 'RangeError' })
    expect(await failure({ valid: 1 })).toMatchObject({ name: 'RangeError' })
  })
})
