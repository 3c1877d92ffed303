import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { packStep } from '../train/step-scalars.ts'
import { findOverflow, initialLossScale, moveLossScale, overflowParts, lossScaleWords as words } from './loss-scale.ts'
import { epsilon, output, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** 4096 parts of two vec4s, and a third for the first seven. */
const elements = 4 * (2 * 4096 + 7) + 4 * 4096 * 62

const flagsOf = async (gradient: Float32Array): Promise<number[]> => {
  const parts = overflowParts(elements)
  return [...output(await runKernel(device, findOverflow(elements), { gradient, flags: parts }), 'flags')]
}

test.each([
  ['an infinity', Number.POSITIVE_INFINITY],
  ['a negative infinity', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
])('%s anywhere flags its part and no other', async (_, value) => {
  const parts = overflowParts(elements)
  for (const at of [0, 4 * parts + 1, elements - 1]) {
    const gradient = new Float32Array(elements).fill(-1)
    gradient[at] = value
    const flags = await flagsOf(gradient)
    expect(flags.flatMap((flag, part) => (flag === 0 ? [] : [part]))).toEqual([Math.floor(at / 4) % parts])
  }
})

test('the largest numbers, zeros and subnormals are no overflow', async () => {
  const finite = [3.4028234663852886e38, -3.4028234663852886e38, 0, -0, 1e-45, 65504, 65520]
  const flags = await flagsOf(Float32Array.from({ length: elements }, (_, i) => finite[i % finite.length]!))
  expect(flags.every((flag) => flag === 0)).toBe(true)
})

const scalars = { seed: 1, step: 40, update: 12, epsilon: 1e-5, decay: 0, rates: [1] }
const step = packStep({ ...scalars, beta1: 0.9, beta2: 0.99 })

/** The words after a step whose gradients have these flags, in a range of 4 parts and one of 300. */
async function move(lossScale: Float32Array, overflow: 'none' | 'first' | 'last'): Promise<Float32Array> {
  const flags0 = new Float32Array(4)
  const flags1 = new Float32Array(300)
  if (overflow === 'first') flags0[0] = 1
  if (overflow === 'last') flags1[299] = 1
  return output(await runKernel(device, moveLossScale([4, 300]), { step, flags0, flags1, lossScale }), 'lossScale')
}

test('an overflow halves the scale, leaves the update out, and counts from the beginning', async () => {
  const before = initialLossScale()
  expect(before[words.scale]).toBe(65536)
  before.set([1999, 7], words.good)
  for (const where of ['first', 'last'] as const) {
    const after = await move(before, where)
    expect([...after.slice(0, 4)]).toEqual([32768, 0, 7, 0])
  }
})

test('a good step unscales by the scale it had, and corrects by the updates really made', async () => {
  let state: Float32Array = initialLossScale()
  for (const [made, overflow] of [[1], [1, 'last'], [2], [3]] as const) {
    state = await move(state, overflow ?? 'none')
    if (overflow) continue
    expect(state[words.updates]).toBe(made)
    expect(state[words.unscale]).toBe(made === 1 ? 2 ** -16 : 2 ** -15)
    // 1 − βᵗ takes over the rounding of β, and of the powers, which is large beside 1 − β.
    for (const [beta, word] of [
      [0.9, words.correction1],
      [0.99, words.correction2],
    ] as const) {
      const exact = 1 / (1 - beta ** made)
      expect(Math.abs(state[word]! / exact - 1)).toBeLessThan((2 * made * epsilon) / (1 - beta ** made) + 4 * epsilon)
    }
  }
})

test('the scale doubles after two thousand good steps in a row, up to a bound', async () => {
  const state = initialLossScale()
  state[words.good] = 1998
  const almost = await move(state, 'none')
  expect([...almost.slice(0, 2)]).toEqual([65536, 1999])
  const doubled = await move(almost, 'none')
  expect([...doubled.slice(0, 2)]).toEqual([131072, 0])
  // The step that completes them still has the gradients of the scale before.
  expect(doubled[words.unscale]).toBe(2 ** -16)
  const largest = Float32Array.of(2 ** 100, 1999, 5000, 0, 0, 0, 0, 0)
  expect((await move(largest, 'none'))[words.scale]).toBe(2 ** 100)
  expect((await move(Float32Array.of(2 ** -100, 0, 0, 0, 0, 0, 0, 0), 'first'))[words.scale]).toBe(2 ** -100)
})

test('while gradients are being gathered the scale stands still, whatever they are', async () => {
  const gathering = packStep({ ...scalars, beta1: 0.9, beta2: 0.99, gradientScale: 0 })
  const flags = { flags0: Float32Array.of(1, 1, 1, 1), flags1: new Float32Array(300) }
  for (const overflow of [0, 1]) {
    flags.flags0.fill(overflow)
    const lossScale = Float32Array.of(1024, 5, 7, 1 / 1024, 2, 3, 0, 0)
    const result = await runKernel(device, moveLossScale([4, 300]), { step: gathering, ...flags, lossScale })
    expect(output(result, 'lossScale')).toEqual(lossScale)
  }
})
