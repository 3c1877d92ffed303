import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CachedFile, PixelCache } from './pixel-cache.ts'

const SIZE = 8
const BYTES = SIZE * SIZE * 4

let scratch: string
let root: string
let cacheDir: string
let paths: string[]

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sporeprint-cache-'))
  root = join(scratch, 'photos')
  cacheDir = join(scratch, 'cache')
  await mkdir(root)
  paths = []
  for (let i = 0; i < 6; i++) paths.push(await grey(`${i}.png`, 40 * i))
})
afterEach(() => rm(scratch, { recursive: true }))

async function grey(name: string, value: number): Promise<string> {
  const path = join(root, name)
  await sharp({ create: { width: 9, height: 9, channels: 3, background: { r: value, g: value, b: value } } }).toFile(
    path,
  )
  return path
}

async function fill(concurrency = 2): Promise<PixelCache> {
  const files = await Promise.all(
    paths.map(async (file): Promise<CachedFile> => {
      const { size, mtimeMs, ctimeMs } = await stat(file)
      return { path: basename(file), file, size, mtimeMs, ctimeMs }
    }),
  )
  return PixelCache.open(root, files, { size: SIZE, cacheDir, concurrency })
}

/** Opens the cache, reads the grey value of every file, closes it. */
async function look(): Promise<{ greys: (number | undefined)[]; hashed: number; decoded: number }> {
  const cache = await fill()
  const greys: (number | undefined)[] = []
  for (const [i, outcome] of cache.outcomes.entries()) {
    const out = new Uint8Array(BYTES)
    if ('record' in outcome) await cache.read(i, out)
    greys.push('record' in outcome ? out[0] : undefined)
  }
  await cache.close()
  return { greys, ...cache.work }
}

const stored = async (extension: string): Promise<string[]> =>
  (await readdir(join(cacheDir, 'images'))).filter((name) => name.endsWith(extension))

async function packPath(): Promise<string> {
  const [name = 'no pack'] = await stored('.pixels')
  return join(cacheDir, 'images', name)
}

const values = [0, 40, 80, 120, 160, 200]

describe('PixelCache', () => {
  it('decodes once and answers from its file after that', async () => {
    expect(await look()).toEqual({ greys: values, hashed: 6, decoded: 6 })
    expect(await look()).toMatchObject({ greys: values, decoded: 0 })
  })

  it('does not even hash files that have not changed for some time', async () => {
    await sleep(2100) // A file changed within a clock tick of 2 s might change again unseen.
    await look()
    expect(await look()).toEqual({ greys: values, hashed: 0, decoded: 0 })
  })

  it('sees a file whose content changed while its size and modification time did not', async () => {
    const flat = (value: number) =>
      sharp(new Uint8Array(81).fill(value), { raw: { width: 9, height: 9, channels: 1 } })
        .tiff({ compression: 'none' })
        .toBuffer()
    const path = (paths[2] = join(root, '2.tiff'))
    await writeFile(path, await flat(80))
    await look()
    const before = await stat(path)
    await writeFile(path, await flat(81))
    await utimes(path, before.atime, before.mtime)
    expect((await stat(path)).size).toBe(before.size)
    expect(await look()).toMatchObject({ greys: [0, 40, 81, 120, 160, 200], decoded: 1 })
  })

  it('decodes only what is new and forgets what is gone', async () => {
    await look()
    paths = [...paths.slice(1), await grey('6.png', 240)]
    expect(await look()).toMatchObject({ greys: [40, 80, 120, 160, 200, 240], decoded: 1 })
    // Six records stay: the one that lost its file was not taken over.
    const pack = await readFile(await packPath())
    expect(pack.readDoubleLE(pack.length - 56)).toBe(6 * BYTES)
  })

  it('decodes equal files once', async () => {
    paths.push(await grey('twin.png', 40), await grey('triplet.png', 40))
    expect(await look()).toMatchObject({ greys: [...values, 40, 40], decoded: 6 })
  })

  it('finds the pixels of a file that was renamed', async () => {
    await look()
    paths[0] = await grey('renamed.png', 0)
    expect(await look()).toMatchObject({ greys: values, decoded: 0 })
  })

  it.each([
    ['cut off', (path: string) => truncate(path, 100)],
    ['emptied', (path: string) => truncate(path, 0)],
    ['overwritten with text', (path: string) => writeFile(path, 'x'.repeat(5000))],
    ['damaged in its footer', (path: string) => damage(path, 6 * BYTES + 20)],
    ['damaged in its trailer', async (path: string) => damage(path, (await stat(path)).size - 30)],
  ])('is built anew when its file is %s', async (_, spoil) => {
    await look()
    await spoil(await packPath())
    expect(await look()).toMatchObject({ greys: values, decoded: 6 })
    expect(await look()).toMatchObject({ greys: values, decoded: 0 })
  })

  it('gives the right pixels when a record is damaged, and is built anew at the next opening', async () => {
    await look()
    await damage(await packPath(), 3)
    expect(await look()).toMatchObject({ greys: values, decoded: 0 })
    expect(await stored('.pixels')).toEqual([])
    expect(await look()).toMatchObject({ greys: values, decoded: 6 })
  })

  it('does not hand a damaged record on to the next pack', async () => {
    await look()
    await damage(await packPath(), 3)
    paths.push(await grey('new.png', 77))
    expect(await look()).toMatchObject({ greys: [...values, 77], decoded: 1 })
    expect(await look()).toMatchObject({ greys: [...values, 77], decoded: 0 })
  })

  it('survives a damaged list of hashes', async () => {
    await sleep(2100)
    await look()
    const [name = ''] = await stored('.hashes.json')
    for (const nonsense of ['{"0.png": ', 'null', '{"0.png": 3}']) {
      await writeFile(join(cacheDir, 'images', name), nonsense)
      expect(await look()).toMatchObject({ greys: values, decoded: 0 })
    }
  })

  it('may be built by several at once', async () => {
    const caches = await Promise.all(Array.from({ length: 4 }, () => fill()))
    for (const cache of caches) {
      for (const [i, value] of values.entries()) {
        const out = new Uint8Array(BYTES)
        await cache.read(i, out)
        expect(out[0]).toBe(value)
      }
      await cache.close()
    }
    expect(await stored('.pixels')).toHaveLength(1)
    expect(await stored('.tmp')).toEqual([])
  })

  it('leaves nothing behind when it is stopped, and clears what a killed process left', async () => {
    const files = paths.map((file) => ({ path: basename(file), file, size: 1, mtimeMs: 0, ctimeMs: 0 }))
    const stop = new AbortController()
    const onProgress = () => stop.abort()
    const options = { size: SIZE, cacheDir, concurrency: 1, onProgress, signal: stop.signal }
    await expect(PixelCache.open(root, files, options)).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await readdir(join(cacheDir, 'images'))).toEqual([])

    await look()
    const left = `${await packPath()}.1234.tmp`
    await writeFile(left, 'half')
    await look()
    expect(await stored('.tmp')).toEqual([basename(left)]) // Perhaps still being written.
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000)
    await utimes(left, old, old)
    await look()
    expect(await stored('.tmp')).toEqual([])
  })

  it('says what to do when it cannot be written', async () => {
    await writeFile(cacheDir, 'a file in the way')
    await expect(fill()).rejects.toMatchObject({
      code: 'DISK',
      message: `cannot write the image cache in ${join(cacheDir, 'images')}: a file is in the way, or name another folder (cacheDir, or XDG_CACHE_HOME)`,
    })
  })
})

async function damage(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, offset)
  byte[0] = (byte[0] ?? 0) ^ 0xff
  await file.write(byte, 0, 1, offset)
  await file.close()
}
