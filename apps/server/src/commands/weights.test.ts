import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeSafetensors, ResNet, readWeightsFile, type StateDict, writeWeightsFile } from '@sporeprint/engine/node'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliResult, runCli, startCli } from '../testing/cli.ts'

let folder: string
let server: Server
let address: string
let bytes: Buffer
let sha256: string
let slow: boolean
let ranges: (string | undefined)[]

/** The command in a folder of its own, with this machine's cache but for the weights: drivers keep things there too. */
const cli = (...args: string[]): Promise<CliResult> => runCli(args, options())
const options = () => ({ cwd: folder, env: { XDG_CACHE_HOME: join(folder, 'cache') } })

/** Makes `to` a folder of links to what is in `from`, `except` one thing. */
async function linkAll(from: string, to: string, except: string): Promise<void> {
  await mkdir(to, { recursive: true })
  const names = await readdir(from).catch(() => [])
  for (const name of names) if (name !== except) await symlink(join(from, name), join(to, name))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-weights-'))
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  await linkAll(cache, join(folder, 'cache'), 'sporeprint')
  await linkAll(join(cache, 'sporeprint'), join(folder, 'cache', 'sporeprint'), 'weights')
  const model = new ResNet({ arch: 'resnet18', classes: ['a', 'b'], head: 'linear' })
  const filled = (shape: readonly number[], i: number) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i)
  const tensors: StateDict = new Map(
    [...model.weights()].map(({ name, shape }, i) => [name, { shape, values: filled(shape, i / 100) }]),
  )
  await writeWeightsFile(join(folder, 'mine.safetensors'), { tensors, metadata: { mean: '[0.5,0.5,0.5]' } })
  bytes = await readFile(join(folder, 'mine.safetensors'))
  sha256 = createHash('sha256').update(bytes).digest('hex')
  ranges = []
  server = createServer((request, response) => {
    ranges.push(request.headers.range)
    const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const rest = bytes.subarray(first)
    const range = { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(first ? 206 : 200, { etag: '"1"', 'content-length': rest.length, ...(first && range) })
    if (slow) response.write(rest.subarray(0, 3 * 2 ** 20))
    else response.end(rest)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/afar.pth`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  await rm(folder, { recursive: true, force: true })
})

test('weights add takes a file by name, weights list tells of it and of what can be fetched', async () => {
  const added = await cli('weights', 'add', 'mine.safetensors', '--name', 'first', '--sha256', sha256, '--json')
  expect(added.code).toBe(0)
  expect(JSON.parse(added.stdout)).toMatchObject({
    name: 'first',
    arch: 'resnet18',
    sha256,
    source: join(folder, 'mine.safetensors'),
    preprocessing: { mean: [0.5, 0.5, 0.5] },
  })
  const listed = JSON.parse((await cli('weights', 'list', '--json')).stdout)
  expect(listed.weights[0]).toMatchObject({ name: 'first', stored: true, bytes: expect.any(Number) })
  expect(listed.weights).toContainEqual(
    expect.objectContaining({
      name: 'resnet50.IMAGENET1K_V2',
      arch: 'resnet50',
      stored: false,
      collection: 'torchvision',
    }),
  )
  const { stdout } = await cli('weights', 'list')
  expect(stdout).toMatch(/first.*resnet18.*4\d\.\d MiB/)
  expect(stdout).toContain('resnet18.a1_in1k (timm)')
})

test('a download that is interrupted goes on with the same command, and says how far it is', async () => {
  slow = true
  const { child, said, ended } = startCli(['weights', 'add', address, '--sha256', sha256], options())
  await said(/afar \(MiB\): \d+\/43/)
  // Some of it is on disk by now.
  await new Promise((later) => setTimeout(later, 500))
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining('what has come is kept') })
  slow = false
  const again = await cli('weights', 'add', address, '--sha256', sha256)
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining(`afar: resnet18 from ${address}`) })
  expect(ranges).toEqual([undefined, `bytes=${3 * 2 ** 20}-`])
})

test('another file than the one expected fails in one line', async () => {
  const { code, stdout, stderr } = await cli('weights', 'add', address, '--name', 'x', '--sha256', 'f'.repeat(64))
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain('sporeprint: ')
  expect(stderr).toContain(`is not the file it should be: its SHA-256 is ${sha256}`)
  expect((await cli('weights', 'add', address, '--sha256', '12')).code).toBe(2)
})

test('weights convert writes a PyTorch checkpoint as safetensors, and overwrites nothing', async () => {
  const goldens = new URL('../../../../packages/engine/src/weights/goldens/', import.meta.url)
  const checkpoint = new URL('legacy.pth', goldens).pathname
  const { code, stdout } = await cli('weights', 'convert', checkpoint, 'small.safetensors', '--json')
  expect({ code, document: JSON.parse(stdout) }).toEqual({
    code: 0,
    document: { in: checkpoint, out: join(folder, 'small.safetensors'), arch: null, tensors: 13 },
  })
  const { tensors } = decodeSafetensors(await readFile(join(folder, 'small.safetensors')), 'small')
  expect(tensors).toEqual((await readWeightsFile(checkpoint)).tensors)
  expect(await cli('weights', 'convert', checkpoint, 'small.safetensors')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is there already'),
  })
  expect((await cli('weights', 'convert', checkpoint, 'small.pth')).code).toBe(2)
})

test('train starts from weights by name, and a name that nothing has brings those close to it', async () => {
  for (const [label, value] of [
    ['dark', 40],
    ['light', 220],
  ] as const) {
    await mkdir(join(folder, 'images', label), { recursive: true })
    for (let i = 0; i < 6; i++) {
      const background = { r: value + i, g: value, b: value }
      await sharp({ create: { width: 40, height: 40, channels: 3, background } })
        .png()
        .toFile(join(folder, 'images', label, `${i}.png`))
    }
  }
  const tiny = ['--size', '32', '--batch', '4', '--epochs', '1', '--freeze-epochs', '0', '--head', 'linear']
  const trained = await cli('train', 'images', ...tiny, '--weights', 'first', '--out', 'run')
  expect(trained).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/took 102 tensors from .*first\.safetensors/),
  })
  const { metadata } = await readWeightsFile(join(folder, 'run', 'best'))
  expect(metadata).toMatchObject({ mean: '[0.5,0.5,0.5]' })

  const unknown = await cli('train', 'images', ...tiny, '--weights', 'frist')
  expect(unknown).toMatchObject({ code: 1, stdout: '' })
  expect(unknown.stderr).toMatch(/no file frist, and no weights are known by that name; the closest are first,/)
})
