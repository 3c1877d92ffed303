/** The README's script is run as it stands, on a folder and weights made for it. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Forty-eight pictures of each of two classes, and the weights of a run on them with another head. */
async function prepare(dir: string): Promise<void> {
  for (const [name, r, g] of [
    ['amber', 220, 150],
    ['moss', 70, 150],
  ] as const) {
    await mkdir(join(dir, 'photos', name), { recursive: true })
    for (let i = 0; i < 48; i++) {
      const background = { r: r - (i % 24), g: g - (i % 16), b: 30 + 2 * i }
      const picture = sharp({ create: { width: 64, height: 64, channels: 3, background } })
      await picture.png().toFile(join(dir, 'photos', name, `${i}.png`))
    }
  }
}

test('the fine-tuning script of the README is shorter than 20 lines and does what it says', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const script = /```ts\n(import \{ Learner[\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(script.trim().split('\n').length).toBeLessThan(20)
  // Inside the workspace, where the engine's name resolves.
  const dir = await mkdtemp(join(here, 'run-'))
  try {
    await prepare(dir)
    const engine = `import { openNodeDevice, ResNet, Learner, openImageFolder, writeWeightsFile } from '@sporeprint/engine/node'
      const device = await openNodeDevice()
      const { train, valid } = await openImageFolder('photos', { size: 64 })
      const model = new ResNet({ arch: 'resnet18', classes: ['a', 'b', 'c', 'd', 'e'], head: 'linear' })
      const learner = await Learner.create(device, model, { train, valid, batch: 32 })
      await writeWeightsFile('resnet18.safetensors', { tensors: await learner.stateDict(), metadata: {} })
      await device.destroy()`
    await writeFile(join(dir, 'weights.ts'), engine)
    await writeFile(join(dir, 'script.ts'), script)
    expect(await run(dir, 'weights.ts')).toMatchObject({ code: 0 })
    const { code, stdout, stderr } = await run(dir, 'script.ts')
    expect(stderr.split('\n').filter((line) => /error/i.test(line))).toEqual([])
    expect(code).toBe(0)
    const epochs = stdout.trim().split('\n')
    expect(epochs.map((line) => line.split(' ')[0])).toEqual(['0', '1', '2', '3', '4', '5'])
    for (const line of epochs) expect(line).toMatch(/^\d \d+\.\d+ (0|1|0\.\d+)$/)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

function run(cwd: string, file: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@sporeprint/source', file], { cwd })
    const text = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...text }))
  })
}
