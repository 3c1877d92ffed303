import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Artwork, collectArtwork } from './artwork.ts'
import { type WrittenDataset, writeDemoDataset } from './demo-dataset.ts'
import { VENDORS } from './vendors.ts'

let scratch: string
let dir: string
let written: WrittenDataset
const progress: number[] = []

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sporeprint-demo-'))
  dir = join(scratch, 'demo')
  written = await writeDemoDataset(dir, { size: 16, onProgress: (done) => progress.push(done) })
})
afterAll(() => rm(scratch, { recursive: true }))

describe('the demo images', () => {
  it('are nine classes, with one vendor held out as test', async () => {
    expect(written).toEqual({
      classes: ['building', 'clothing', 'dish', 'mammal', 'plant', 'produce', 'sky', 'tool', 'vehicle'],
      images: { train: 1450, test: 347 },
    })
    const vendors = (files: string[]) =>
      new Set(files.map((file) => VENDORS.find(({ name }) => file.startsWith(`${name}-`))?.name))
    const counts: Record<string, number> = {}
    for (const name of written.classes) {
      const train = await readdir(join(dir, 'train', name))
      const test = await readdir(join(dir, 'test', name))
      expect([...vendors(train)].sort()).toEqual(['emojione', 'fluent-emoji-flat', 'fxemoji', 'noto', 'openmoji'])
      expect([...vendors(test)]).toEqual(['twemoji'])
      counts[name] = train.length + test.length
    }
    expect(counts).toEqual({
      building: 129,
      clothing: 193,
      dish: 244,
      mammal: 323,
      plant: 129,
      produce: 189,
      sky: 262,
      tool: 127,
      vehicle: 201,
    })
    expect(progress.at(-1)).toBe(1797)
  })

  it('are opaque squares on white, each with something drawn on it', async () => {
    for (const file of [
      'train/mammal/noto-fox.png',
      'train/produce/openmoji-banana.png',
      'test/tool/twemoji-hammer.png',
    ]) {
      const { data, info } = await sharp(join(dir, file)).raw().toBuffer({ resolveWithObject: true })
      expect([info.width, info.height, info.channels]).toEqual([16, 16, 3])
      expect([...data.subarray(0, 3)]).toEqual([255, 255, 255])
      expect(data.some((value) => value < 128)).toBe(true)
    }
  })

  it('come with whose they are', async () => {
    expect((await readdir(dir)).sort()).toEqual(['Apache-2.0.txt', 'LICENSES.md', 'README.md', 'test', 'train'])
    const licences = await readFile(join(dir, 'LICENSES.md'), 'utf8')
    for (const { name, author, source, licence } of VENDORS) {
      expect(licences).toContain(`**${name}**`)
      for (const part of [author, source, licence]) expect(licences).toContain(part)
    }
    expect(licences).toContain('Permission is hereby granted')
    expect(await readFile(join(dir, 'Apache-2.0.txt'), 'utf8')).toContain('Version 2.0, January 2004')
    expect(await readFile(join(dir, 'README.md'), 'utf8')).toContain(
      '| all | 260 | 344 | 152 | 347 | 347 | 347 | 1797 |',
    )
  })

  it('are not written over other files', async () => {
    await expect(writeDemoDataset(dir)).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
  })
})

describe('the artwork', () => {
  let artwork: Artwork[]
  beforeAll(async () => {
    artwork = await collectArtwork()
  })
  const named = (name: string) => artwork.filter((drawing) => drawing.name === name)

  it('has each drawing once', () => {
    expect(new Set(artwork.map(({ class: name, vendor, name: file }) => `${name}/${vendor}-${file}`)).size).toBe(
      artwork.length,
    )
    expect(new Set(artwork.map(({ svg }) => svg)).size).toBe(artwork.length)
  })

  it('leaves out what shows something else', () => {
    for (const name of ['vertical-traffic-light', 'fuel-pump', 'lipstick', 'mushroom', 'brick'])
      expect(named(name)).toEqual([])
    expect(named('sunglasses').map(({ vendor }) => vendor)).not.toContain('fxemoji')
    expect(artwork.filter(({ name }) => name.includes('skin-tone'))).toEqual([])
  })

  it('finds drawings by name where a vendor does not give code points', () => {
    expect(named('fox').map(({ vendor }) => vendor)).toContain('emojione')
    expect(named('hamburger').map(({ vendor }) => vendor)).toEqual([
      'emojione',
      'fluent-emoji-flat',
      'fxemoji',
      'noto',
      'openmoji',
      'twemoji',
    ])
  })
})
