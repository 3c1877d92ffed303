import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { Choices } from './choices.ts'
import { keepChoices, openTunedDevice, readChoices } from './kept-choices.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const { XDG_CACHE_HOME } = process.env
let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'sporeprint-choices-'))
  process.env.XDG_CACHE_HOME = cache
})
afterEach(async () => {
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
  await rm(cache, { recursive: true })
})

const keep = (names: Record<string, string>): Promise<string> => {
  device.choices = new Choices(device.target, names)
  return keepChoices(device)
}

test('a device opens with what was kept for its adapter, driver and kernels', async () => {
  expect(await readChoices(device, expect.unreachable)).toEqual({})
  const file = await keep({ problem: 'variant' })
  expect(file.startsWith(join(cache, 'sporeprint'))).toBe(true)
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    adapter: { vendor: device.adapter.vendor, description: device.gpu.adapterInfo.description },
    kernels: expect.stringMatching(/^[0-9a-f]{16}$/),
    choices: { problem: 'variant' },
  })
  const another = await openTunedDevice({ validation: true, onProblem: expect.unreachable })
  expect(another.choices?.names).toEqual({ problem: 'variant' })
  await another.destroy()
})

test('what two processes have measured is kept together, whoever writes last', async () => {
  await keep({ first: 'a', both: 'old' })
  await keep({ second: 'b', both: 'new' })
  expect(await readChoices(device)).toEqual({ first: 'a', second: 'b', both: 'new' })
  // At the same moment one may miss the other's, but the file is whole, and nothing is left beside it.
  const files = await Promise.all([keep({ third: 'c' }), keep({ fourth: 'd' }), keep({ fifth: 'e' })])
  expect(await readChoices(device, expect.unreachable)).toMatchObject({ first: 'a', second: 'b', both: 'new' })
  expect(await readdir(dirname(files[0]))).toHaveLength(1)
})

test('a damaged file is told of, passed over, and written anew', async () => {
  const file = await keep({ problem: 'variant' })
  const whole = await readFile(file, 'utf8')
  await writeFile(file, whole.slice(0, whole.length / 2))
  const problems: string[] = []
  expect(await readChoices(device, (line) => problems.push(line))).toEqual({})
  expect(problems).toEqual([expect.stringContaining(`${file} cannot be used and is ignored`)])
  expect(problems[0]).not.toContain('\n')
  await keep({ problem: 'variant' })
  expect(await readFile(file, 'utf8')).toBe(whole)
})

test('what other kernels left is passed over without a word, since every change of a kernel leaves such a file', async () => {
  const file = await keep({ problem: 'variant' })
  const document = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...document, kernels: 'of last week' }))
  expect(await readChoices(device, expect.unreachable)).toEqual({})
})
