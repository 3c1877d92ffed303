import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ResNet, readModel, type StateDict, writeWeightsFile } from '@sporeprint/engine/node'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findImages } from '../predict/find-images.ts'
import { type CliResult, runCli } from '../testing/cli.ts'

let folder: string
const classes = ['amber', 'moss']
const cli = (...args: string[]): Promise<CliResult> => runCli(args, { cwd: folder })

/** A picture of one grey level. */
const grey = (level: number): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 32, channels: 3, background: { r: level, g: level, b: level } } })
    .png()
    .toBuffer()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-predict-'))
  const model = new ResNet({ arch: 'resnet18', classes, head: 'linear' })
  const tensors: StateDict = new Map(
    [...model.weights()].map(({ name, shape }) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
        name.includes('running_var') ? 1 : Math.sin(i * 0.37) / Math.sqrt(shape[1] ? shape[1] * 9 : 1),
      )
      return [name, { shape, values }]
    }),
  )
  await writeWeightsFile(join(folder, 'raw.safetensors'), { tensors, metadata: {} })
  for (const [i, name] of classes.entries()) {
    await mkdir(join(folder, 'photos', name), { recursive: true })
    for (let n = 0; n < 6; n++) await writeFile(join(folder, 'photos', name, `${n}.png`), await grey(100 * i + 20 * n))
  }
  await writeFile(join(folder, 'photos', 'notes.txt'), 'no image')
  await writeFile(join(folder, 'photos', 'moss', 'broken.png'), 'no image')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Shapes that other tests compile too. */
const batch = ['--batch', '3']
const hints = ['--classes', 'amber,moss', '--size', '32', ...batch]

test('images are found as files, in folders and by patterns, each once, and what is nowhere is told', async () => {
  const photos = join(folder, 'photos')
  await symlink(join(photos, 'amber', '0.png'), join(photos, 'link.png'))
  const moss = [0, 1, 2, 3, 4, 5].map((n) => join(photos, 'moss', `${n}.png`))
  const found = await findImages([
    join(photos, 'moss', '1.png'),
    join(photos, 'moss', '[0-9].png'),
    join(photos, 'no*'),
  ])
  expect(found).toEqual({ images: [moss[1], moss[0], ...moss.slice(2), join(photos, 'notes.txt')], missing: [] })
  const whole = await findImages([photos])
  expect(whole.images).toHaveLength(6 + 7 + 1)
  expect(whole.images).toContain(join(photos, 'link.png'))
  await rm(join(photos, 'link.png'))
  await mkdir(join(folder, 'empty'))
  expect((await findImages([join(folder, 'empty'), 'none.png', 'x*.png'])).missing.map(({ reason }) => reason)).toEqual(
    ['a folder without images', 'there is no such file', 'it matches no file'],
  )
})

test('predict says a document of what could be read, tells what could not, and leaves with 1', async () => {
  const { code, stdout, stderr } = await cli(
    'predict',
    'raw.safetensors',
    'photos/moss',
    'gone.png',
    ...hints,
    '--json',
  )
  const said = JSON.parse(stdout)
  expect(said).toHaveLength(6)
  expect(said[0]).toMatchObject({
    image: join('photos', 'moss', '0.png'),
    sha256: expect.stringMatching(/^[\da-f]{64}$/),
    model: expect.stringMatching(/^[\da-f]{64}$/),
    label: expect.stringMatching(/amber|moss/),
    probabilities: { amber: expect.any(Number), moss: expect.any(Number) },
    logits: [expect.any(Number), expect.any(Number)],
  })
  expect(stderr).toContain('gone.png: there is no such file')
  expect(stderr).toContain('broken.png: a text file; convert it')
  expect(stderr).toContain('2 of 8 could not be read')
  expect(code).toBe(1)
})

test('calibrate writes a model that predict takes its temperature from, and says so', async () => {
  const calibrated = await cli(
    'calibrate',
    'raw.safetensors',
    'photos',
    ...hints,
    '--split',
    'all',
    '--out',
    'sure.safetensors',
    '--json',
  )
  expect(calibrated).toMatchObject({ code: 0 })
  expect(calibrated.stderr).toContain('skipped moss/broken.png')
  const { images, temperature } = JSON.parse(calibrated.stdout)
  expect(images).toBe(12)
  expect((await readModel(join(folder, 'sure.safetensors'))).calibration).toMatchObject({ temperature })
  const { code, stdout } = await cli(
    'predict',
    'sure.safetensors',
    'photos/amber/*.png',
    '--tta',
    '--passes',
    '2',
    ...batch,
    '--abstain',
    '1',
  )
  expect(code).toBe(0)
  expect(stdout).toContain('calibrated on 12 images')
  expect(stdout).toContain('distance')
  expect(stdout.match(/\(abstains\)/g)).toHaveLength(6)
})

test('wrong usage of predict is refused in one line', async () => {
  for (const [args, message] of [
    [['predict', 'raw.safetensors'], "missing required argument 'image'"],
    [['predict', 'raw.safetensors', 'empty', ...hints], 'nothing to predict: empty: a folder without images'],
    [['predict', 'raw.safetensors', 'photos', ...hints, '--abstain', '2'], 'It must be a number from 0 to 1.'],
  ] as const) {
    const { code, stderr } = await cli(...args)
    expect(stderr).toMatch(/^sporeprint: [^\n]+\n$/)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  }
  const raw = await cli('predict', 'raw.safetensors', 'photos')
  expect(raw).toMatchObject({ code: 1, stderr: expect.stringContaining('does not say which 2 classes it tells apart') })
})
