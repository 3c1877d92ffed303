import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import * as reference from '../reference/optimizer.ts'
import { packStep, stepScalars } from '../train/step-scalars.ts'
import { lossScaleWords } from './loss-scale.ts'
import { adamw, sgd } from './optimizer.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const elements = 260
const rates = [1e-4, 3e-3]
const scalars = { seed: 1, step: 40, beta1: 0.9, beta2: 0.99, epsilon: 1e-5, decay: 0.05, rates }
const gradientOf = (step: number): Float64Array => paddedNoise(`gradient ${step}`, elements / 4, 4)

/** Three updates, on the device and by the reference, from the same start. */
const updates = [1, 2, 3]

/** fastai's β₂ and ε, and PyTorch's. */
test.each([
  { decay: true, beta2: 0.99, eps: 1e-5 },
  { decay: false, beta2: 0.99, eps: 1e-5 },
  { decay: true, beta2: 0.999, eps: 1e-8 },
])(
  'three updates of AdamW at the rate of the second group, $beta2, $eps, decay $decay',
  async ({ decay, beta2, eps }) => {
    const expected = {
      p: paddedNoise('p', elements / 4, 4),
      m: new Float64Array(elements),
      v: new Float64Array(elements),
    }
    let [parameter, m, v]: Float32Array[] = [
      new Float32Array(expected.p),
      new Float32Array(elements),
      new Float32Array(elements),
    ]
    for (const update of updates) {
      const gradient = gradientOf(update)
      const chosen = { ...scalars, beta2, epsilon: eps }
      const step = packStep({ ...chosen, update })
      const options = { ...chosen, rate: rates[1]!, decay: decay ? scalars.decay : 0 }
      reference.adamw(options, update, expected.p, gradient, expected.m, expected.v)
      const kernel = adamw({ elements, group: 1, decay })
      const result = await runKernel(device, kernel, { gradient, step, parameter: parameter!, m: m!, v: v! })
      ;[parameter, m, v] = [output(result, 'parameter'), output(result, 'm'), output(result, 'v')]
    }
    // Values and moments stay below 1 and take a few roundings an update; a move, of the size of the rate, takes a dozen, and that of
    // β₂, which is larger beside 1 − β₂.
    const move = rates[1]! * (12 + 1 / (1 - beta2))
    expect(firstMismatch(parameter!, expected.p, 3 * (2 + move) * epsilon, [elements])).toBeNull()
    expect(firstMismatch(m!, expected.m, 12 * epsilon, [elements])).toBeNull()
    expect(firstMismatch(v!, expected.v, 12 * epsilon, [elements])).toBeNull()
  },
)

test.each([
  [true, false],
  [false, false],
  [true, true],
])(
  'three updates of SGD with momentum at the rate of the first group, decay %s, Nesterov %s',
  async (decay, nesterov) => {
    const expected = { p: paddedNoise('p', elements / 4, 4), m: new Float64Array(elements) }
    let [parameter, m]: Float32Array[] = [new Float32Array(expected.p), new Float32Array(elements)]
    for (const update of updates) {
      const gradient = gradientOf(update)
      const step = packStep({ ...scalars, update })
      const options = { rate: rates[0]!, momentum: scalars.beta1, decay: decay ? scalars.decay : 0, nesterov }
      reference.sgd(options, expected.p, gradient, expected.m)
      const kernel = sgd({ elements, group: 0, decay }, nesterov)
      const result = await runKernel(device, kernel, { gradient, step, parameter: parameter!, m: m! })
      ;[parameter, m] = [output(result, 'parameter'), output(result, 'm')]
    }
    expect(firstMismatch(parameter!, expected.p, 3 * 2 * epsilon, [elements])).toBeNull()
    // Momentum grows to at most 3.
    expect(firstMismatch(m!, expected.m, 3 * 3 * 3 * epsilon, [elements])).toBeNull()
  },
)

/** The words of loss scaling behind a step of scale 1024, or behind one that overflowed. */
function lossScaleOf(step: Uint32Array<ArrayBuffer>, overflow = false): Float32Array {
  const scalars = new Float32Array(step.buffer)
  const words = new Float32Array(lossScaleWords.words)
  words[lossScaleWords.unscale] = overflow ? 0 : 1 / 1024
  words[lossScaleWords.correction1] = scalars[stepScalars.correction1]!
  words[lossScaleWords.correction2] = scalars[stepScalars.correction2]!
  return words
}

test.each(['adamw', 'sgd'] as const)(
  '%s makes of scaled gradients the bits that it makes of their like, and of an overflow nothing',
  async (optimizer) => {
    const kernel = optimizer === 'adamw' ? adamw : sgd
    const stretch = { elements, group: 1, decay: true }
    const step = packStep({ ...scalars, update: 2 })
    const gradient = gradientOf(1)
    const state = {
      parameter: new Float32Array(paddedNoise('p', elements / 4, 4)),
      m: new Float32Array(paddedNoise('m', elements / 4, 4)),
      v: new Float32Array(paddedNoise('v', elements / 4, 4).map(Math.abs)),
    }
    const scaled = kernel({ ...stretch, scaled: true, clipped: true })
    const clip = Float32Array.of(1, 0, 0, 0)
    const plain = await runKernel(device, kernel(stretch), { gradient, step, ...state })
    const lossScale = lossScaleOf(step)
    const unscaled = await runKernel(device, scaled, {
      gradient: gradient.map((g) => 1024 * g),
      step,
      lossScale,
      clip,
      ...state,
    })
    const overflowed = await runKernel(device, scaled, {
      gradient: gradient.fill(Number.POSITIVE_INFINITY),
      step,
      lossScale: lossScaleOf(step, true),
      clip: Float32Array.of(Number.NaN, Number.NaN, 0, 0),
      ...state,
    })
    for (const { name } of scaled.bindings.filter(({ access }) => access === 'read_write')) {
      expect(output(unscaled, name)).toEqual(output(plain, name))
      expect(output(overflowed, name)).toEqual(state[name as keyof typeof state])
    }
  },
)

test.each(['adamw', 'sgd'] as const)(
  '%s takes the mean of gathered gradients, clipped, and does nothing while they are gathered',
  async (optimizer) => {
    const kernel = optimizer === 'adamw' ? adamw : sgd
    const stretch = { elements, group: 1, decay: true }
    const gradient = gradientOf(1)
    const state = {
      parameter: new Float32Array(paddedNoise('p', elements / 4, 4)),
      m: new Float32Array(paddedNoise('m', elements / 4, 4)),
      v: new Float32Array(paddedNoise('v', elements / 4, 4).map(Math.abs)),
    }
    const at = (gradientScale: number) => packStep({ ...scalars, update: 2, gradientScale })
    // Powers of two: the sum of four batches, of which clipping leaves half, is one of half the gradient.
    const plain = await runKernel(device, kernel(stretch), {
      gradient: gradient.map((g) => g / 2),
      step: at(1),
      ...state,
    })
    const clipped = kernel({ ...stretch, clipped: true })
    const clip = Float32Array.of(0.5, 0, 0, 0)
    const gathered = { gradient: gradient.map((g) => 4 * g), clip, ...state }
    const updated = await runKernel(device, clipped, { ...gathered, step: at(1 / 4) })
    const gathering = await runKernel(device, clipped, { ...gathered, step: at(0) })
    for (const { name } of clipped.bindings.filter(({ access }) => access === 'read_write')) {
      expect(output(updated, name)).toEqual(output(plain, name))
      expect(output(gathering, name)).toEqual(state[name as keyof typeof state])
    }
  },
)
