import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ResNet, readModel, readWeightsFile, type StateDict, writeWeightsFile } from '@sporeprint/engine/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliResult, runCli } from '../testing/cli.ts'

let folder: string
const classes = ['amber', 'moss']
const cli = (...args: string[]): Promise<CliResult> => runCli(['export', ...args], { cwd: folder })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-export-'))
  const model = new ResNet({ arch: 'resnet18', classes, head: 'concat' })
  const tensors: StateDict = new Map(
    [...model.weights()].map(({ name, shape }, i) => {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, j) => (i + (j % 7)) / 300)
      return [name, { shape, values }]
    }),
  )
  tensors.set('conv1.num_batches_tracked', { shape: [], values: Float32Array.of(3) })
  await writeWeightsFile(join(folder, 'raw.safetensors'), { tensors, metadata: { mean: '[0.5,0.5,0.5]' } })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const raw = ['raw.safetensors', '--classes', 'amber,moss', '--size', '48']

test('safetensors say all that the raw file had to be told, and hold the weights and nothing else', async () => {
  const { code, stdout } = await cli(...raw, '--out', 'whole.safetensors', '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ format: 'safetensors', arch: 'resnet18', classes, half: false })
  const whole = await readModel(join(folder, 'whole.safetensors'))
  expect(whole).toMatchObject({ head: 'concat', classes, preprocessing: { size: 48, mean: [0.5, 0.5, 0.5] } })
  const { tensors } = await readWeightsFile(join(folder, 'raw.safetensors'))
  tensors.delete('conv1.num_batches_tracked')
  expect(whole.tensors).toEqual(tensors)
})

test('half precision halves the file, leaves batch norms as they are and rounds filters', async () => {
  expect(await cli('whole.safetensors', '--out', 'half.safetensors', '--half')).toMatchObject({ code: 0 })
  const { tensors: whole } = await readWeightsFile(join(folder, 'whole.safetensors'))
  const { tensors: half } = await readWeightsFile(join(folder, 'half.safetensors'))
  expect(half.get('bn1.running_var')).toEqual(whole.get('bn1.running_var'))
  const rounded = Float32Array.from(Float16Array.from(whole.get('conv1.weight')?.values ?? []))
  expect(half.get('conv1.weight')?.values).toEqual(rounded)
  const bytes = await Promise.all(
    ['whole', 'half'].map(async (name) => (await stat(join(folder, `${name}.safetensors`))).size),
  )
  expect((bytes[1] as number) / (bytes[0] as number)).toBeLessThan(0.51)
})

test('ONNX is written whole, and in f32 only', async () => {
  expect(await cli(...raw, '--format', 'onnx', '--out', 'model.bin')).toMatchObject({ code: 0 })
  const onnx = await readFile(join(folder, 'model.bin'))
  // ir_version 8, then the producer.
  expect(onnx.subarray(0, 14).toString('latin1')).toBe('\x08\x08\x12\x0asporeprint')
  expect(onnx.length).toBeGreaterThan((await stat(join(folder, 'raw.safetensors'))).size - 20_000)
})

test('what cannot be is refused in one line, and no file is replaced unasked', async () => {
  const refused: [string[], number, string][] = [
    [[...raw], 2, "required option '--out <file>' not specified"],
    [[...raw, '--out', 'model.xyz'], 2, 'say --format safetensors|onnx|html: model.xyz does not end in one of them'],
    [[...raw, '--out', 'm.onnx', '--half'], 2, '--half is for safetensors and html'],
    [[...raw, '--out', 'model.bin', '--format', 'onnx'], 1, 'model.bin is there already'],
    [['nowhere.pth', '--out', 'm.onnx'], 1, 'nowhere.pth'],
  ]
  for (const [args, expected, message] of refused) {
    const { code, stderr } = await cli(...args)
    expect({ code, stderr }).toMatchObject({ code: expected, stderr: expect.stringContaining(message) })
    expect(stderr).toMatch(/^sporeprint: [^\n]+\n$/)
  }
  expect(await cli(...raw, '--out', 'model.bin', '--format', 'onnx', '--force')).toMatchObject({ code: 0 })
})
