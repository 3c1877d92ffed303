import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { packStep, type StepValues } from '../train/step-scalars.ts'
import { accumulate, average } from './running.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const elements = 260
const values = (name: string): Float64Array => paddedNoise(name, elements / 4, 4)
const stepOf = (change: Partial<StepValues>) =>
  packStep({ seed: 1, step: 3, update: 1, beta1: 0, beta2: 0, epsilon: 0, decay: 0, rates: [1], ...change })

test('three batches of unequal weight add up, the first beginning anew whatever an overflow left', async () => {
  const weights = [0.75, 1, 0.3]
  let sum: Float32Array = new Float32Array(elements).fill(Number.POSITIVE_INFINITY)
  sum[5] = Number.NaN
  for (const [i, batchWeight] of weights.entries()) {
    const step = stepOf({ carried: i === 0 ? 0 : 1, batchWeight })
    sum = output(await runKernel(device, accumulate(elements), { gradient: values(`batch ${i}`), step, sum }), 'sum')
  }
  const expected = weights.reduce(
    (total, weight, i) => total.map((v, at) => v + weight * values(`batch ${i}`)[at]!),
    new Float64Array(elements),
  )
  // A weight rounds, its product, and the sum twice: of numbers below 1, 1 and 2.05.
  expect(firstMismatch(sum, expected, 12 * epsilon, [elements])).toBeNull()
})

test('averaged weights follow the weights by their rate, as timm’s ModelEmaV2', async () => {
  const decay = 0.99
  let ema: Float32Array = new Float32Array(values('weights 0'))
  const expected = Float64Array.from(ema)
  for (const update of [1, 2, 3]) {
    const weight = values(`weights ${update}`)
    for (const i of expected.keys()) expected[i] = decay * expected[i]! + (1 - decay) * weight[i]!
    const step = stepOf({ averageRate: 1 - decay })
    ema = output(await runKernel(device, average(elements), { weight, step, average: ema }), 'average')
  }
  expect(firstMismatch(ema, expected, 3 * 2 * epsilon, [elements])).toBeNull()
})

test('an average keeps its bits where the weight stands still, and in a step without an update', async () => {
  const weight = new Float32Array(values('weights'))
  const still = await runKernel(device, average(elements), {
    weight,
    step: stepOf({ averageRate: 0.1 }),
    average: weight,
  })
  expect(output(still, 'average')).toEqual(weight)
  const before = new Float32Array(values('average'))
  const step = stepOf({ averageRate: 0.1, gradientScale: 0 })
  const gathering = await runKernel(device, average(elements), { weight, step, average: before })
  expect(output(gathering, 'average')).toEqual(before)
})
