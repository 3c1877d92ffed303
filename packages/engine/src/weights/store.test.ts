import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arch, archs, ResNet } from '../nn/resnet.ts'
import { archOf } from './arch.ts'
import { readWeightsFile, writeWeightsFile } from './file.ts'
import { defaultPreprocessing } from './preprocessing.ts'
import { defaultWeights, type RegisteredWeights, registry as wellKnown } from './registry.ts'
import type { StateDict } from './safetensors.ts'
import { addWeights, listWeights, resolveWeights, weightsByName, weightsFolder } from './store.ts'

/** All tensors of a network, each filled with one number. */
const tensorsOf = (arch: Arch, classes = 3): StateDict => {
  const model = new ResNet({ arch, classes: Array(classes).fill('x'), head: 'linear' })
  const filled = (shape: readonly number[], i: number) => new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(i)
  return new Map([...model.weights()].map(({ name, shape }, i) => [name, { shape, values: filled(shape, i) }]))
}

let dir: string
let cacheDir: string
let server: Server
let base: string
let requests: string[]
let original: string
let sha256: string
let registry: RegisteredWeights[]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-store-'))
  cacheDir = join(dir, 'cache')
  original = join(dir, 'original.safetensors')
  await writeWeightsFile(original, { tensors: tensorsOf('resnet18'), metadata: { note: 'mine' } })
  const bytes = await readFile(original)
  sha256 = createHash('sha256').update(bytes).digest('hex')
  requests = []
  server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (request.url?.startsWith('/missing')) response.writeHead(404).end()
    else if (request.url?.startsWith('/page')) response.end('<html>Log in</html>')
    else response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const preprocessing = { ...defaultPreprocessing, size: 160, crop: 0.95, interpolation: 'bicubic' as const }
  const entry = { arch: 'resnet18', source: 'torchvision', preprocessing } as const
  registry = [
    { ...entry, name: 'resnet18.IMAGENET1K_V1', url: `${base}/right.pth`, sha256 },
    { ...entry, name: 'resnet18.prefix', url: `${base}/prefix.pth`, sha256: sha256.slice(0, 8) },
    { ...entry, name: 'resnet18.other', url: `${base}/other.pth`, sha256: '0'.repeat(64) },
  ]
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  await rm(dir, { recursive: true, force: true })
})

test('a name of the registry is downloaded once, verified, and kept with its preprocessing', async () => {
  const downloads: string[] = []
  const options = { cacheDir, registry, onDownload: (name: string) => downloads.push(name) }
  const path = await resolveWeights('resnet18', options)
  expect(path).toBe(join(weightsFolder(cacheDir), 'resnet18.IMAGENET1K_V1.safetensors'))
  const { tensors, metadata } = await readWeightsFile(path)
  expect(tensors).toEqual(tensorsOf('resnet18'))
  expect(metadata).toMatchObject({
    note: 'mine',
    arch: 'resnet18',
    source: `${base}/right.pth`,
    sha256,
    size: '160',
    crop: '0.95',
    interpolation: 'bicubic',
    mean: '[0.485,0.456,0.406]',
  })
  expect(await resolveWeights('resnet18', options)).toBe(path)
  expect(await resolveWeights('resnet18.IMAGENET1K_V1', options)).toBe(path)
  expect({ requests, downloads }).toEqual({ requests: ['/right.pth'], downloads: ['resnet18.IMAGENET1K_V1'] })
  expect(await readdir(weightsFolder(cacheDir))).toEqual(['resnet18.IMAGENET1K_V1.safetensors'])
  expect(await addWeights('resnet18', options)).toMatchObject({ path, sha256 })
})

test('of a registered hash, the digits that are known are checked', async () => {
  expect(await addWeights('resnet18.prefix', { cacheDir, registry })).toMatchObject({ sha256 })
  await expect(addWeights('resnet18.other', { cacheDir, registry })).rejects.toMatchObject({ code: 'BAD_WEIGHTS' })
  expect((await readdir(weightsFolder(cacheDir))).filter((file) => file.includes('other'))).toEqual([])
})

test('a file that exists is meant before any name, unless only a name can be meant', async () => {
  expect(await resolveWeights(original, { cacheDir, registry })).toBe(original)
  const here = process.cwd()
  const own = { cacheDir: join(dir, 'beside'), registry }
  process.chdir(dir)
  try {
    await writeFile('resnet18', 'not weights')
    expect(await resolveWeights('resnet18', own)).toBe(join(dir, 'resnet18'))
    await expect(addWeights('resnet18', own)).rejects.toMatchObject({ code: 'BAD_WEIGHTS' })
    expect(await weightsByName('resnet18', own)).toMatch(/beside.*resnet18\.IMAGENET1K_V1\.safetensors$/)
  } finally {
    process.chdir(here)
    await rm(join(dir, 'resnet18'))
  }
})

test('a file is converted under its own name, known by its hash, and another under that name refused', async () => {
  const own = { cacheDir, registry: [] }
  expect(await addWeights(original, { ...own, name: 'mine' })).toMatchObject({
    name: 'mine',
    arch: 'resnet18',
    source: original,
    sha256,
    preprocessing: defaultPreprocessing,
  })
  expect(await resolveWeights('mine', own)).toBe(join(weightsFolder(cacheDir), 'mine.safetensors'))
  await expect(addWeights(original, { ...own, name: 'mine' })).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining('weights called mine already'),
  })
  expect(await addWeights(original, { ...own, name: 'mine', sha256 })).toMatchObject({ name: 'mine' })
  // The same file as a registered one, brought by hand.
  expect(await addWeights(original, { cacheDir, registry })).toMatchObject({
    name: 'original',
    source: `${base}/right.pth`,
    preprocessing: { size: 160, interpolation: 'bicubic' },
  })
})

test('a checkpoint folder is a source too', async () => {
  const folder = join(dir, 'best')
  await writeWeightsFile(join(folder, 'model.safetensors'), { tensors: tensorsOf('resnet34'), metadata: {} })
  expect(await addWeights(folder, { cacheDir })).toMatchObject({ name: 'best', arch: 'resnet34' })
  await rm(join(folder, 'model.safetensors'))
  await expect(addWeights(folder, { cacheDir, name: 'hollow' })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining(`weights ${folder} cannot be read`),
  })
})

test('an address is downloaded under the name of its file, and what follows the ? is kept to itself', async () => {
  const address = `${base}/mirror/from-afar.pth?token=secret`
  const added = await addWeights(address, { cacheDir, registry, sha256: sha256.toUpperCase() })
  expect(added).toMatchObject({ name: 'from-afar', sha256 })
  expect(await readFile(added.path, 'latin1')).not.toContain('secret')
  await expect(addWeights(`${base}/x.pth`, { cacheDir, sha256: 'f'.repeat(64) })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining('is not the file it should be'),
  })
  await expect(addWeights(`${base}/missing.pth`, { cacheDir })).rejects.toMatchObject({ code: 'DOWNLOAD' })
  await expect(addWeights(`${base}/page.pth`, { cacheDir })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining(`${base}/page.pth`),
  })
  const left = await readdir(weightsFolder(cacheDir))
  expect(left.filter((file) => !file.endsWith('.safetensors'))).toEqual([])
})

test.each(['../escape', 'a/b', '', '.hidden', 'none', 'x'.repeat(101), 'a b'])('%j is no name', async (name) => {
  await expect(addWeights(original, { cacheDir, name })).rejects.toMatchObject({ code: 'BAD_CONFIG' })
})

test('what is no SHA-256 is refused before anything is asked of a server', async () => {
  const before = requests.length
  for (const given of ['', 'abc', 'g'.repeat(64), '0'.repeat(65)]) {
    const refused = addWeights(`${base}/y.pth`, { cacheDir, sha256: given })
    await expect(refused).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  }
  expect(requests).toHaveLength(before)
})

test('another file than the one expected, and what is no ResNet, are refused', async () => {
  const expected = 'e'.repeat(64)
  await expect(addWeights(original, { cacheDir, name: 'else', sha256: expected })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining(expected),
  })
  const small = join(dir, 'small.safetensors')
  await writeWeightsFile(small, {
    tensors: new Map([['w', { shape: [1], values: new Float32Array(1) }]]),
    metadata: {},
  })
  await expect(addWeights(small, { cacheDir })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining('holds no resnet18, resnet34, resnet50'),
  })
})

test('a name that nothing has brings the closest ones, and no download', async () => {
  const before = requests.length
  for (const name of ['resnet81', 'nowhere/weights.pth', 'constructor']) {
    await expect(resolveWeights(name, { cacheDir, registry })).rejects.toMatchObject({ code: 'BAD_WEIGHTS' })
    await expect(addWeights(name, { cacheDir, registry })).rejects.toMatchObject({ code: 'BAD_WEIGHTS' })
  }
  await expect(resolveWeights('resnet18.prefx', { cacheDir, registry })).rejects.toThrow(
    /closest are resnet18\.prefix,/,
  )
  expect(requests).toHaveLength(before)
})

test('the list names what is there, and what is damaged', async () => {
  const own = join(dir, 'list')
  await addWeights(original, { cacheDir: own, name: 'b', registry: [] })
  await addWeights(original, { cacheDir: own, name: 'a', registry: [] })
  await writeFile(join(weightsFolder(own), 'torn.safetensors'), 'torn')
  const { weights, problems } = await listWeights(own)
  expect(weights.map(({ name, arch }) => ({ name, arch }))).toEqual([
    { name: 'a', arch: 'resnet18' },
    { name: 'b', arch: 'resnet18' },
  ])
  expect(weights[0]?.bytes).toBeGreaterThan(44e6)
  expect(problems).toEqual([
    { path: join(weightsFolder(own), 'torn.safetensors'), message: expect.stringContaining('torn.safetensors') },
  ])
  expect(await listWeights(join(dir, 'empty'))).toEqual({ weights: [], problems: [] })
})

test('networks are told apart by their bodies, whatever their heads', () => {
  for (const arch of archs) {
    const tensors = tensorsOf(arch, 5)
    expect(archOf(tensors)).toBe(arch)
    tensors.delete('fc.weight')
    expect(archOf(tensors)).toBe(arch)
    const deeper = { shape: [256, 1024, 1, 1], values: new Float32Array() }
    expect(archOf(new Map([...tensors, ['layer3.6.conv1.weight', deeper]]))).toBe(null)
    tensors.delete('bn1.running_var')
    expect(archOf(tensors)).toBe(null)
  }
})

test('every registered file has a name of its own, its hash in its address, and an address that is encrypted', () => {
  expect(new Set(wellKnown.map(({ name }) => name)).size).toBe(wellKnown.length)
  for (const { name, arch, url, sha256: hash } of wellKnown) {
    expect(name.startsWith(`${arch}.`)).toBe(true)
    expect(hash).toMatch(/^([\da-f]{64}|[\da-f]{8})$/)
    expect(url).toMatch(new RegExp(`^https://.*/${arch}[-_].*${hash.slice(0, 8)}\\.pth$`))
  }
  for (const [arch, name] of Object.entries(defaultWeights)) {
    expect(wellKnown.find((entry) => entry.name === name)?.arch).toBe(arch)
  }
})
