import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../testing/cli.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-data-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('data synth writes nine genera and tells what it wrote; data check then names what is wrong with them', async () => {
  const written = await runCli(['data', 'synth', 'synth', '--count', '4', '--test', '0.25', '--size', '32', '--json'], {
    cwd: folder,
  })
  expect(written).toMatchObject({ code: 0 })
  expect(JSON.parse(written.stdout)).toEqual({
    dir: 'synth',
    classes: expect.objectContaining({ length: 9 }),
    images: { train: 27, test: 9 },
  })

  const sound = await runCli(['data', 'check', 'synth'], { cwd: folder })
  expect(sound).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing is wrong with them.') })

  const image = join(folder, 'synth', 'train', 'Boletus', 'broken.jpg')
  await writeFile(image, 'not an image')
  const checked = await runCli(['data', 'check', 'synth', '--json'], { cwd: folder })
  expect(JSON.parse(checked.stdout)).toMatchObject({ files: 37, unreadable: [{ path: 'train/Boletus/broken.jpg' }] })
  await cp(image, join(folder, 'synth', 'train', 'Amanita', 'twin.jpg'))
  const told = await runCli(['data', 'check', 'synth'], { cwd: folder })
  expect(told.stdout).toContain('2 unreadable, skipped in training:')
})

test('data preview writes a contact sheet of what training sees, and tells what was drawn', async () => {
  const args = [
    'data',
    'preview',
    'synth',
    '--size',
    '32',
    '--count',
    '2',
    '--epochs',
    '3',
    '--augment',
    'notebook',
    '--mixup',
  ]
  const { code, stdout } = await runCli([...args, '--out', 'sheet.png', '--json'], { cwd: folder })
  expect(code).toBe(0)
  const { images, mixup, augment } = JSON.parse(stdout)
  expect({ mixup, rotate: augment.rotate }).toEqual({ mixup: 0.4, rotate: 31.25 })
  expect(images).toHaveLength(2)
  expect(images[0].epochs.map(({ epoch }: { epoch: number }) => epoch)).toEqual([0, 1, 2])
  expect(images[0].epochs[0]).toMatchObject({
    draw: { symmetry: expect.any(Number) },
    mix: { share: expect.any(Number) },
  })
  // A column for the image as it is and one an epoch, of 160 pixels each: 32 five times.
  expect(await sharp(join(folder, 'sheet.png')).metadata()).toMatchObject({ format: 'png', width: 4 * 168 + 8 })
})

test('data demo writes real artwork with its licences', async () => {
  const { code, stdout } = await runCli(['data', 'demo', 'demo', '--size', '32', '--json'], { cwd: folder })
  expect(code).toBe(0)
  expect(JSON.parse(stdout).classes).toHaveLength(9)
  expect(await readFile(join(folder, 'demo', 'LICENSES.md'), 'utf8')).toContain('Apache')
})

test('data synth leaves a folder that has something in it alone', async () => {
  await writeFile(join(folder, 'notes.txt'), 'mine')
  const { code, stdout, stderr } = await runCli(['data', 'synth', '.'], { cwd: folder })
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('. is not empty') })
})
