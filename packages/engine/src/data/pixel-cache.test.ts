import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open as openFile, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CachedFile, type CacheOptions, PixelCache } from './pixel-cache.ts'

const SIZE = 8
/** Grey of each file. */
const values = [0, 40, 80, 120, 160, 200]
const BYTES = SIZE * SIZE * 4

let scratch: string
let root: string
let cacheDir: string
let paths: string[]
let serial = 0

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sporeprint-cache-'))
  await ownFolder('photos')
  await settle()
})
afterAll(() => rm(scratch, { recursive: true }))
beforeEach(() => {
  root = join(scratch, 'photos')
  paths = values.map((_, i) => join(root, `${i}.png`))
  cacheDir = join(scratch, `cache-${serial++}`)
})

/** A folder of six files that a test may change; they have only just been made. */
async function ownFolder(name = `photos-${serial++}`): Promise<void> {
  root = join(scratch, name)
  await mkdir(root)
  paths = []
  for (const [i, value] of values.entries()) paths.push(await grey(`${i}.png`, value))
}

async function grey(name: string, value: number): Promise<string> {
  const path = join(root, name)
  await sharp({ create: { width: 9, height: 9, channels: 3, background: { r: value, g: value, b: value } } }).toFile(
    path,
  )
  return path
}

async function open(options: Partial<CacheOptions> = {}): Promise<PixelCache> {
  const files = await Promise.all(
    paths.map(async (file): Promise<CachedFile> => {
      const { size, mtimeMs, ctimeMs } = await stat(file)
      return { path: basename(file), size, mtimeMs, ctimeMs }
    }),
  )
  return PixelCache.open(root, files, { size: SIZE, cacheDir, concurrency: 2, ...options })
}

/** The grey value of each file, or why it has none. */
async function greysOf(cache: PixelCache, files: Iterable<number> = paths.keys()): Promise<(number | string)[]> {
  const greys: (number | string)[] = []
  for (const file of files) {
    const out = new Uint8Array(BYTES)
    greys.push((await cache.read(file, out)) ?? (out[0] as number))
    if (typeof greys.at(-1) === 'number') expect(new Set(out.filter((_, i) => i % 4 < 3)).size).toBe(1)
  }
  return greys
}

/** Opens the cache, reads every file, closes it. */
async function look(): Promise<{ greys: (number | string)[]; decoded: number }> {
  const cache = await open()
  const greys = await greysOf(cache)
  await cache.close()
  return { greys, decoded: cache.decoded }
}

/** Files of the pack, of one kind. */
async function stored(extension: 'pixels' | 'index'): Promise<string[]> {
  const [pack = ''] = await readdir(join(cacheDir, 'images'))
  const names = await readdir(join(cacheDir, 'images', pack))
  return names.filter((name) => name.endsWith(`.${extension}`)).map((name) => join(cacheDir, 'images', pack, name))
}

/** A file that has just changed may change again unseen: such are not kept. */
const settle = () => sleep(2100)

describe('PixelCache', () => {
  it('decodes a file when it is first asked for, and answers from the pack after that', async () => {
    const cache = await open()
    expect(cache.decoded).toBe(0)
    expect(await greysOf(cache, [4, 1, 4])).toEqual([160, 40, 160])
    expect(cache.decoded).toBe(2)
    await cache.close()
    expect(await look()).toEqual({ greys: values, decoded: 4 })
    expect(await look()).toEqual({ greys: values, decoded: 0 })
  })

  it('keeps pixels that were prepared in another way apart', async () => {
    await look()
    const cache = await open({ preparation: { crop: 0.5, interpolation: 'bicubic' } })
    expect(await greysOf(cache)).toEqual(values)
    expect(cache.decoded).toBe(values.length)
    await cache.close()
    expect(await look()).toEqual({ greys: values, decoded: 0 })
  })

  it('decodes once what is asked for by many at the same time', async () => {
    const cache = await open()
    expect(await Promise.all([2, 2, 2].map((file) => greysOf(cache, [file])))).toEqual([[80], [80], [80]])
    expect(cache.decoded).toBe(1)
    await cache.close()
  })

  it('can be filled at once, and tells how far it is up to the end', async () => {
    await ownFolder()
    await writeFile(paths[1] as string, 'no image')
    const seen: [number, number][] = []
    const cache = await open({ onProgress: (done, total) => seen.push([done, total]) })
    expect([...(await cache.fill())]).toEqual([[1, expect.stringContaining('a text file')]])
    expect(cache.decoded).toBe(6)
    expect(seen.at(-1)).toEqual([6, 6])
    expect(await greysOf(cache)).toEqual([0, expect.stringContaining('a text file'), 80, 120, 160, 200])
    expect(cache.decoded).toBe(6)
    await cache.close()
  })

  it('keeps nothing of a file that may still be changing within the same tick of the clock', async () => {
    await ownFolder()
    const [now, cache] = [await grey('0.png', 7), await open()]
    expect(await greysOf(cache, [0, 0])).toEqual([7, 7])
    expect(cache.decoded).toBe(1)
    await cache.close()
    expect(await stored('pixels')).toEqual([])
    await writeFile(now, await sharp(paths[5]).toBuffer())
    expect((await look()).greys[0]).toBe(200)
  })

  it('sees a file whose content changed while its size and modification time did not', async () => {
    await ownFolder()
    const flat = (value: number) =>
      sharp(new Uint8Array(81).fill(value), { raw: { width: 9, height: 9, channels: 1 } })
        .tiff({ compression: 'none' })
        .toBuffer()
    const path = (paths[2] = join(root, '2.tiff'))
    await writeFile(path, await flat(80))
    await settle()
    await look()
    const before = await stat(path)
    await writeFile(path, await flat(81))
    await utimes(path, before.atime, before.mtime)
    expect((await stat(path)).size).toBe(before.size)
    expect(await look()).toMatchObject({ greys: [0, 40, 81, 120, 160, 200], decoded: 1 })
  })

  it.each([
    ['pixels cut off', 'pixels', 3, (path: string) => truncate(path, 3 * BYTES + 10)],
    ['pixels emptied', 'pixels', 6, (path: string) => truncate(path, 0)],
    ['pixels damaged', 'pixels', 1, (path: string) => damage(path, 2 * BYTES + 5)],
    ['pixels lost', 'pixels', 6, (path: string) => rm(path)],
    ['index cut off', 'index', 4, (path: string) => truncate(path, 2 * 24 + 11)],
    ['index damaged', 'index', 1, (path: string) => damage(path, 24 + 3)],
    ['index wrong about a record', 'index', 1, (path: string) => damage(path, 24 + 17)],
    ['index overwritten with text', 'index', 6, (path: string) => writeFile(path, 'x'.repeat(5000))],
  ] as const)('gives the right pixels with its %s, by decoding what is lost', async (_, kind, lost, spoil) => {
    await look()
    const [path = ''] = await stored(kind)
    await spoil(path)
    expect(await look()).toEqual({ greys: values, decoded: lost })
    expect((await look()).greys).toEqual(values)
  })

  it('has what a killed process had read, and a second process beside it does not disturb', async () => {
    const script = join(scratch, 'fill.ts')
    await writeFile(
      script,
      `import { PixelCache } from '${new URL('./pixel-cache.ts', import.meta.url)}'
       import { readdirSync, statSync } from 'node:fs'
       const files = readdirSync('${root}').map((path) => {
         const { size, mtimeMs, ctimeMs } = statSync('${root}/' + path)
         return { path, size, mtimeMs, ctimeMs }
       })
       const cache = await PixelCache.open('${root}', files, { size: ${SIZE}, cacheDir: '${cacheDir}' })
       for (let file = 0; file < 4; file++) await cache.read(file, new Uint8Array(${BYTES}))
       process.stdout.write('read')
       setInterval(() => {}, 1000)`,
    )
    const child = spawn(process.execPath, ['--conditions=@sporeprint/source', script])
    const beside = await open()
    await greysOf(beside, [3, 4])
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    await beside.close()
    expect(await look()).toEqual({ greys: values, decoded: 1 })
  }, 20_000)

  it('drops segments that hold little in use, once nobody can be writing them', async () => {
    await ownFolder()
    await settle()
    await look()
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
    for (const path of await stored('index')) await utimes(path, old, old)
    const [before] = await stored('pixels')
    await writeFile(paths[0] as string, 'gone')
    paths = paths.slice(4)
    expect(await look()).toEqual({ greys: [160, 200], decoded: 0 })
    const [after, ...more] = await stored('pixels')
    expect(more).toEqual([])
    expect(after).not.toBe(before)
    expect((await stat(after as string)).size).toBe(2 * BYTES)
    expect(await look()).toEqual({ greys: [160, 200], decoded: 0 })
  })

  it('joins segments where there are too many of them', async () => {
    await ownFolder()
    paths = []
    for (let i = 0; i < 40; i++) paths.push(await grey(`many-${i}.png`, 3 * i))
    await settle()
    for (let i = 0; i < 40; i++) {
      const cache = await open()
      await greysOf(cache, [i])
      await cache.close()
    }
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
    for (const path of await stored('index')) await utimes(path, old, old)
    expect(await look()).toEqual({ greys: paths.map((_, i) => 3 * i), decoded: 0 })
    expect(await stored('pixels')).toHaveLength(21)
  })

  it('stops on request while it fills', async () => {
    const stop = new AbortController()
    const cache = await open({ concurrency: 1, onProgress: () => stop.abort(), signal: stop.signal })
    await expect(cache.fill()).rejects.toMatchObject({ code: 'ABORTED' })
    await cache.close()
  })

  it('says what to do when it cannot be written', async () => {
    await writeFile(cacheDir, 'a file in the way')
    await expect(open()).rejects.toMatchObject({
      code: 'DISK',
      message: expect.stringMatching(
        /^cannot write the image cache in .*: a file is in the way, or name another folder \(cacheDir, or XDG_CACHE_HOME\)$/,
      ),
    })
  })
})

async function damage(path: string, offset: number): Promise<void> {
  const file = await openFile(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, offset)
  byte[0] = (byte[0] ?? 0) ^ 0xff
  await file.write(byte, 0, 1, offset)
  await file.close()
}
