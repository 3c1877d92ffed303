import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ResNet, writeWeightsFile } from '@sporeprint/engine/node'
import { decodeRuns } from '@sporeprint/explain'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../testing/cli.ts'

let folder: string
const classes = ['Agaricus', 'Boletus', 'Russula']
/** Shapes that other tests compile too. */
const model = ['explain', 'model.safetensors', 'photo.png', '--classes', classes.join(), '--size', '32', '--batch', '8']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-explain-'))
  const network = new ResNet({ arch: 'resnet18', classes, head: 'linear' })
  const tensors = new Map(
    [...network.weights()].map(({ name, shape }) => {
      const length = shape.reduce((a, b) => a * b, 1)
      // Filters are waves that differ by name; batch norms do nothing.
      const wave = (i: number) =>
        Math.sin(i * 12.9898 + name.length) * Math.sqrt(shape.length > 1 ? (2 * (shape[0] as number)) / length : 1)
      const value = name.endsWith('running_var') || (shape.length === 1 && name.endsWith('weight')) ? () => 1 : wave
      const isNorm = shape.length === 1 && !name.startsWith('fc')
      return [
        name,
        { shape, values: Float32Array.from({ length }, (_, i) => (isNorm && value === wave ? 0 : value(i))) },
      ]
    }),
  )
  await writeWeightsFile(join(folder, 'model.safetensors'), { tensors, metadata: {} })
  const spots = ['#d33', '#3a4', '#36d'].map((background, i) => ({
    input: { create: { width: 14, height: 10 + 4 * i, channels: 3 as const, background } },
    left: 4 + 18 * i,
    top: 6 * i + 3,
  }))
  const canvas = { create: { width: 60, height: 40, channels: 3 as const, background: '#eee' } }
  await sharp(canvas).composite(spots).png().toFile(join(folder, 'photo.png'))
  await writeFile(join(folder, 'text.png'), 'no image')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = (...args: string[]) => runCli([...model, ...args], { cwd: folder })

describe('explain', () => {
  test('by LIME leaves a picture, a panel, and a document of weights with their intervals', async () => {
    const given = ['--samples', '60', '--segmenter', 'slic', '--segments', '12', '--seed', '4', '--top', '2']
    const { code, stdout, stderr } = await run(...given, '--out', 'lime.png', '--json')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({ method: 'lime', image: 'photo.png', samples: 60, faithfulness: null })
    const { segments, weights, intercept, localPrediction, r2, label, labels, probabilities } = document
    expect(Object.keys(probabilities)).toEqual(classes)
    expect(probabilities[label]).toBe(Math.max(...(Object.values(probabilities) as number[])))
    expect(decodeRuns(segments.width, segments.height, segments.runs).count).toBe(segments.count)
    expect(weights.map(({ segment }: { segment: number }) => segment).sort((a: number, b: number) => a - b)).toEqual(
      Array.from({ length: segments.count }, (_, f) => f),
    )
    for (const { weight, low, high } of weights) expect(low <= weight && weight <= high).toBe(true)
    const sum = weights.reduce((total: number, { weight }: { weight: number }) => total + weight, intercept)
    expect(sum).toBeCloseTo(localPrediction, 10)
    expect(r2).toBeLessThanOrEqual(1)
    expect(labels.map((each: { label: string }) => each.label)).toEqual([label, expect.any(String)])
    const [overlay, panel] = await Promise.all([document.overlay, document.panel].map((file) => sharp(file).metadata()))
    expect(overlay).toMatchObject({ format: 'png', width: 340 })
    // A row for each class: the image, its superpixels and all weights.
    expect(panel).toMatchObject({ format: 'png', width: 3 * 330 + 10 })
    expect(panel?.height as number).toBeGreaterThan(2 * 320)
  })

  test('by pixels has a map instead, and says on request how faithful it is', async () => {
    const given = ['--method', 'occlusion', '--patch', '8', '--stride', '8', '--label', '1', '--faithfulness']
    const { code, stdout, stderr } = await run(...given, '--json')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({
      label: 'Boletus',
      index: 1,
      segments: null,
      weights: null,
      map: { width: 32, height: 32 },
    })
    expect(document.map.values).toHaveLength(32 * 32)
    expect(document.faithfulness).toMatchObject({ deletion: expect.any(Number), insertion: expect.any(Number) })
    expect(document.overlay).toBe(join(folder, 'photo.occlusion.png'))
    expect(document.panel).toBe(join(folder, 'photo.occlusion.panel.png'))
  })

  test('tells people the probabilities and the largest weights', async () => {
    const { code, stdout } = await run('--samples', '40', '--stable', '--superpixels', '2', '--label', 'Russula')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Agaricus: \d\.\d{3} Boletus: \d\.\d{3} Russula: \d\.\d{3}$/m)
    expect(stdout).toMatch(/^Russula: 40 samples, \d+ superpixels, R² -?\d\.\d{3}, local prediction -?\d\.\d{3}$/m)
    expect(stdout.match(/^ {2}superpixel +\d+ {2}[+−]\d\.\d{4} \([+−]\d\.\d{4} to [+−]\d\.\d{4}\)$/gm)).toHaveLength(2)
    expect(stdout).toContain('photo.lime.panel.png')
  })

  test('refuses in one line what is wrongly asked, with exit code 2, and what cannot be done, with 1', async () => {
    const refused: [string[], number, string][] = [
      [['--method', 'saliency'], 2, 'Allowed choices are lime, shap, occlusion, gradcam.'],
      [['--method', 'shap', '--stable'], 2, '--stable is of LIME, not of shap'],
      [['--segments', '20'], 2, '--segments is a parameter of slic: it needs --segmenter slic'],
      [['--hide-color', '1,2'], 2, 'It must be three whole numbers from 0 to 255 with commas between.'],
      [['--out', 'picture.jpg'], 2, '--out picture.jpg must name a .png file'],
      [['--label', 'Amanita'], 1, 'the model has no class Amanita: it tells apart Agaricus, Boletus, Russula'],
      [['--out', 'nowhere/picture.png', '--samples', '4'], 1, 'nowhere/picture.png cannot be written'],
    ]
    for (const [args, expected, message] of refused) {
      const { code, stdout, stderr } = await run(...args)
      expect({ args, code, stdout }).toEqual({ args, code: expected, stdout: '' })
      expect(stderr.trim().split('\n').at(-1)).toMatch(/^sporeprint: /)
      expect(stderr).toContain(message)
    }
    const unreadable = await runCli([...model.slice(0, 2), 'text.png', ...model.slice(3)], { cwd: folder })
    expect(unreadable).toMatchObject({ code: 1, stdout: '' })
    expect(unreadable.stderr).toContain('text.png: ')
  })
})
