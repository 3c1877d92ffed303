import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Dice } from './dice.ts'
import { drawScene } from './draw-scene.ts'
import { GENERA } from './genera.ts'
import { type SyntheticOptions, writeSyntheticDataset } from './synthetic-dataset.ts'

let scratch: string
let serial = 0

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sporeprint-synth-'))
})
afterAll(() => rm(scratch, { recursive: true }))

/** Writes a small dataset and returns the hash of each file by its path. */
async function write(options: SyntheticOptions): Promise<Map<string, string>> {
  const dir = join(scratch, `${serial++}`)
  await writeSyntheticDataset(dir, { size: 24, ...options })
  const files = await readdir(dir, { recursive: true, withFileTypes: true })
  const hashes = new Map<string, string>()
  for (const entry of files.filter((file) => file.isFile())) {
    const path = join(entry.parentPath, entry.name)
    hashes.set(
      path.slice(dir.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    )
  }
  return hashes
}

describe('the synthetic mushrooms', () => {
  it('are the nine genera, the last of each in test, and say that they are synthetic', async () => {
    const dir = join(scratch, 'labelled')
    expect(await writeSyntheticDataset(dir, { perClass: 2, test: 0.5, size: 24 })).toEqual({
      classes: [
        'Agaricus',
        'Amanita',
        'Boletus',
        'Cortinarius',
        'Entoloma',
        'Hygrocybe',
        'Lactarius',
        'Russula',
        'Suillus',
      ],
      images: { train: 9, test: 9 },
    })
    expect(await readdir(join(dir, 'train', 'Boletus'))).toEqual(['synthetic-0000.jpg'])
    expect(await readdir(join(dir, 'test', 'Boletus'))).toEqual(['synthetic-0001.jpg'])
    expect(JSON.parse(await readFile(join(dir, 'synthetic.json'), 'utf8'))).toMatchObject({ synthetic: true, seed: 42 })
    expect(await readFile(join(dir, 'README.md'), 'utf8')).toContain('not photographs')
    const { width, height, format } = await sharp(join(dir, 'test', 'Suillus', 'synthetic-0001.jpg')).metadata()
    expect([width, height, format]).toEqual([24, 24, 'jpeg'])
  })

  it('depend on the seed and their number alone, and are all different', async () => {
    const images = async (options: SyntheticOptions): Promise<Map<string, string>> =>
      new Map([...(await write({ test: 0, ...options }))].filter(([path]) => path.endsWith('.jpg')))
    const [one, again, other] = [
      await images({ perClass: 1 }),
      await images({ perClass: 1 }),
      await images({ perClass: 1, seed: 7 }),
    ]
    const more = await images({ perClass: 3 })
    expect(again).toEqual(one)
    expect(one.size).toBe(9)
    for (const [path, hash] of one) {
      expect(other.get(path)).not.toBe(hash)
      expect(more.get(path)).toBe(hash)
    }
    expect(new Set(more.values()).size).toBe(27)
  })

  it('refuse options that make no sense', async () => {
    for (const options of [{ perClass: 0 }, { test: 1 }, { size: 1.5 }])
      await expect(write(options)).rejects.toThrow(RangeError)
  })
})

describe('a scene', () => {
  it('is well-formed SVG without a stray number, for every genus', async () => {
    for (const [series, genus] of GENERA.entries()) {
      for (let number = 0; number < 6; number++) {
        const svg = drawScene(genus, new Dice(1, series, number))
        expect(svg).not.toMatch(/NaN|undefined|Infinity/)
        expect((await sharp(Buffer.from(svg)).metadata()).width).toBe(100)
      }
    }
  })
})

describe('dice', () => {
  it('fall evenly, and differently for seeds that differ by one', () => {
    const means = [0, 1, 2].map((seed) => {
      const dice = new Dice(seed, 0, 0)
      return dice.times(10_000, () => dice.unit()).reduce((sum, value) => sum + value, 0) / 10_000
    })
    // Standard error .0029: five of them.
    for (const mean of means) expect(Math.abs(mean - 0.5)).toBeLessThan(0.0145)
    expect(new Set([0, 1, 2].map((seed) => new Dice(seed, 0, 0).unit())).size).toBe(3)
  })
})
