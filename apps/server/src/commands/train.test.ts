import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli, startCli } from '../testing/cli.ts'

let folder: string
let images: string

/** As small as a real training can be. */
const tiny = ['--arch', 'resnet18', '--size', '32', '--batch', '8', '--seed', '7']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-train-'))
  const { code, stderr } = await runCli(['data', 'synth', 'synth', '--count', '12', '--test', '0', '--size', '64'], {
    cwd: folder,
  })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  images = join(folder, 'images')
  for (const name of ['Amanita', 'Boletus'])
    await cp(join(folder, 'synth', 'train', name), join(images, name), { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs what must fail and returns its one line on stderr. */
async function failed(args: readonly string[]): Promise<string> {
  const result = await runCli(args, { cwd: folder })
  expect(result).toMatchObject({ code: 1, stdout: '' })
  expect(result.stderr).toMatch(/^sporeprint: [^\n]+\n$/)
  return result.stderr
}

/** The epochs of a printed table. */
const epochsIn = (text: string): number[] => [...text.matchAll(/^\|\s+(\d+) \|/gm)].map(([, epoch]) => Number(epoch))

describe('train', () => {
  const out = (): string => join(folder, 'run')

  test('trains on real pixels, names what it skips and leaves one JSON document', async () => {
    const broken = join(images, 'Amanita', 'broken.jpg')
    await writeFile(broken, 'not an image')
    const command = ['train', images, ...tiny, '--epochs', '2', '--out', out(), '--json']
    const { code, stdout, stderr } = await runCli(command, { cwd: folder })
    await rm(broken)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      run: 'run',
      arch: 'resnet18',
      classes: ['Amanita', 'Boletus'],
      alreadyFinished: false,
      skipped: [{ path: expect.stringContaining('broken.jpg'), reason: expect.any(String) }],
    })
    expect(result.epochs.map(({ epoch, phase }: { epoch: number; phase: string }) => [epoch, phase])).toEqual([
      [0, 'unfrozen'],
      [1, 'unfrozen'],
    ])
    for (const epoch of result.epochs) {
      for (const key of ['trainLoss', 'validLoss', 'accuracy', 'f1Weighted', 'f1Micro', 'f1Macro', 'seconds', 'lr']) {
        expect({ key, value: epoch[key] }).toEqual({ key, value: expect.any(Number) })
      }
      expect(epoch.f1Micro).toBeCloseTo(epoch.accuracy, 12)
    }
    expect(result.epochs).toContainEqual(result.best)
    expect(result.imagesPerSecond).toBeGreaterThan(0)
    expect(stderr).toContain(
      '| epoch | train_loss | valid_loss | accuracy | f1_weighted | f1_micro | f1_macro |  time |',
    )
    expect(stderr).toMatch(/1 file was skipped:\n.*broken\.jpg/)
    await readFile(join(result.checkpoint, 'model.safetensors'))
    expect((await readFile(join(out(), 'history.jsonl'), 'utf8')).trim().split('\n').length).toBeGreaterThanOrEqual(2)
  })

  test('refuses to write over that run', async () => {
    expect(await failed(['train', images, ...tiny, '--epochs', '2', '--out', out()])).toContain('holds a run already')
  })

  test('with --resume on that finished run says so and tells the same result', async () => {
    const command = ['train', images, ...tiny, '--epochs', '2', '--out', out(), '--resume', '--json']
    const { code, stdout, stderr } = await runCli(command, { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain('had finished before')
    expect(epochsIn(stderr)).toEqual([])
    expect(JSON.parse(stdout)).toMatchObject({ alreadyFinished: true, epochs: [{ epoch: 0 }, { epoch: 1 }] })
  })

  test('stops cleanly on SIGINT, says how to go on, and goes on', async () => {
    const stopped = ['train', images, ...tiny, '--config', 'recipe.json', '--out', join(folder, 'stopped')]
    await writeFile(join(folder, 'recipe.json'), JSON.stringify({ epochs: 3, base_lr: 0.001 }))
    const { child, said, ended } = startCli(stopped, { cwd: folder })
    await said(/Epoch 1: /)
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/sporeprint: stopped; to go on: sporeprint train .* --out \S+ --resume\n/)
    const resumed = await runCli([...stopped, '--resume', '--json'], { cwd: folder })
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining('Going on from step') })
    expect(JSON.parse(resumed.stdout).epochs).toHaveLength(3)
    // What is told again is not printed again.
    expect([[1, 2], [2]]).toContainEqual(epochsIn(resumed.stderr))
  })
})

describe('a folder that cannot be trained on is one clear line', () => {
  const one = ['--epochs', '1', '--out', 'unused']

  test('when it is not there', async () => {
    expect(await failed(['train', 'nowhere', ...tiny, ...one])).toContain('nowhere')
  })

  test('when it has one class only', async () => {
    await cp(join(images, 'Boletus'), join(folder, 'single', 'Boletus'), { recursive: true })
    expect(await failed(['train', 'single', ...tiny, ...one])).toMatch(/single.*class/)
  })

  test('when a class is empty', async () => {
    await cp(images, join(folder, 'hollow'), { recursive: true })
    await mkdir(join(folder, 'hollow', 'Russula'))
    expect(await failed(['train', 'hollow', ...tiny, ...one])).toContain('Russula')
  })
})

describe('a full disk while a checkpoint is written', () => {
  /** Holds what a run keeps (two models, two states of its optimiser) while the next is being written. */
  const mebibytes = 600
  let disk: string

  beforeAll(async () => {
    disk = join(folder, 'disk')
    await mkdir(disk)
  })

  test('fails in one line and keeps the previous checkpoint', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root may mount a small disk')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk], { stdio: 'pipe' })
    } catch (error) {
      skip(`a small disk cannot be mounted here: ${error}`)
    }
    try {
      const run = join(disk, 'run')
      const { said, ended } = startCli(['train', images, ...tiny, '--epochs', '20', '--out', run])
      await said(/Epoch 1: /)
      let over = false
      const failure = ended.finally(() => (over = true))
      // Again and again, because a checkpoint that replaces another gives room back.
      for (let i = 0; !over; i++) {
        await fill(join(disk, `filler-${i}`))
        await setTimeout(50)
      }
      const { code, stderr } = await failure
      expect(code).toBe(1)
      expect(stderr).toMatch(/sporeprint: .*(full|space)/i)
      for (const name of await readdir(disk)) if (name.startsWith('filler')) await rm(join(disk, name))
      const command = ['train', images, ...tiny, '--epochs', '20', '--out', run, '--resume']
      const resumed = startCli(command)
      await resumed.said(/Going on from step/)
      await resumed.said(/\|\s+1 \|/)
      resumed.child.kill('SIGINT')
      expect((await resumed.ended).stderr).toContain('to go on')
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
})

/** Writes until the disk has no byte left. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w')
  const block = Buffer.alloc(2 ** 20)
  try {
    for (;;) await file.write(block)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    await file.close()
  }
}
