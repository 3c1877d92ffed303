/**
 * Bounds: x̂ is of the order of 1 and takes a handful of roundings, so y is held to 8ε·(|γ|·max|x̂| + |β|); sums over R rows to
 * √(2R)·ε times the sum of magnitudes, and what is made of them accordingly. In f16 a stored result takes one more rounding.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import * as reference from '../reference/batch-norm.ts'
import { relativeError } from '../reference/testing.ts'
import {
  type BatchNorm,
  batchNormApply,
  batchNormEvaluate,
  batchNormFinish,
  batchNormGradientFinish,
  batchNormGradientParts,
  batchNormInputGradient,
  batchNormParts,
  partsOf,
} from './batch-norm.ts'
import type { ActivationType } from './kernel.ts'
import { asStored, type Contents, epsilon, halfEpsilon, output, paddedNoise, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

interface Shape extends BatchNorm {
  spread: number
  type: ActivationType
}

/**
 * Rows that fill no whole part, a single part, and two rows only; channels that are no power of two; and a variance below ε,
 * where ε itself shows. Channels have means of up to three times the spread, as activations have them.
 */
const shapes: readonly Shape[] = [
  { rows: 2 * 7 * 5, channels: 12, spread: 1, type: 'f32' },
  { rows: 2, channels: 64, spread: 1, type: 'f32' },
  { rows: 3000, channels: 4, spread: 1, type: 'f32' },
  { rows: 40, channels: 8, spread: 1e-3, type: 'f32' },
  { rows: 2 * 7 * 5, channels: 8, spread: 1, type: 'f16' },
]

const roundingOf = ({ type }: { type: ActivationType }): number => (type === 'f16' ? halfEpsilon : 0)

function inputs({ rows, channels, spread, type }: Shape) {
  const offset = paddedNoise('offset', 1, channels)
  return {
    x: asStored(
      paddedNoise('x', rows, channels).map((v, i) => spread * (v + 3 * offset[i % channels]!)),
      type,
    ),
    dy: asStored(paddedNoise('dy', rows, channels), type),
    gamma: paddedNoise('gamma', 1, channels),
    beta: paddedNoise('beta', 1, channels),
    runningMean: paddedNoise('mean', 1, channels),
    runningVariance: paddedNoise('variance', 1, channels).map((v) => Math.fround(1.5 + v)),
  }
}

async function forward(shape: Shape) {
  const { x, gamma, beta, runningMean, runningVariance } = inputs(shape)
  const { parts } = partsOf(shape)
  const sums = output(await runKernel(device, batchNormParts(shape), { x, parts: 2 * parts * shape.channels }), 'parts')
  const finish = await runKernel(device, batchNormFinish(shape), {
    parts: sums,
    saved: 2 * shape.channels,
    runningMean,
    runningVariance,
  })
  const saved = output(finish, 'saved')
  const apply = await runKernel(device, batchNormApply(shape), { x, saved, gamma, beta, y: x.length })
  return { ...finish, saved, y: output(apply, 'y') }
}

test.each(shapes)(
  'training normalises $rows rows of $channels channels in $type with spread $spread and moves the running statistics',
  async (shape) => {
    const { x, gamma, beta, runningMean, runningVariance } = inputs(shape)
    const expected = reference.batchNormTraining(shape, x, gamma, beta, runningMean, runningVariance)
    const result = await forward(shape)
    // The mean of x, of magnitude 4, is known to a few ε; over √σ² + ε that is its error in x̂.
    const bound = 64 * epsilon * Math.max(...expected.inverseDeviation)
    expect(relativeError(result.y, expected.y)).toBeLessThan(bound + roundingOf(shape))
    expect(relativeError(output(result, 'runningMean'), expected.runningMean)).toBeLessThan(16 * epsilon)
    expect(relativeError(output(result, 'runningVariance'), expected.runningVariance)).toBeLessThan(32 * epsilon)
  },
)

test.each(shapes)('the gradients of $rows rows of $channels channels in $type with spread $spread', async (shape) => {
  const { x, gamma, beta, dy, runningMean, runningVariance } = inputs(shape)
  const expectedForward = reference.batchNormTraining(shape, x, gamma, beta, runningMean, runningVariance)
  const expected = reference.batchNormGradient(shape, x, expectedForward, gamma, dy)
  const { saved } = await forward(shape)
  const { parts } = partsOf(shape)
  const sums = await runKernel(device, batchNormGradientParts(shape), {
    x,
    saved,
    dy,
    parts: 2 * parts * shape.channels,
  })
  const finish = await runKernel(device, batchNormGradientFinish(shape), {
    parts: output(sums, 'parts'),
    dgamma: shape.channels,
    dbeta: shape.channels,
  })
  const dgamma = output(finish, 'dgamma')
  const dbeta = output(finish, 'dbeta')
  const last = await runKernel(device, batchNormInputGradient(shape), {
    x,
    saved,
    gamma,
    dy,
    dgamma,
    dbeta,
    dx: x.length,
  })
  const bound = 64 * epsilon * Math.max(...expectedForward.inverseDeviation)
  expect(relativeError(dbeta, expected.dbeta)).toBeLessThan(Math.sqrt(2 * shape.rows) * 4 * epsilon)
  expect(relativeError(dgamma, expected.dgamma)).toBeLessThan(Math.sqrt(2 * shape.rows) * 4 * epsilon + bound)
  // With two rows dx is what is left of a difference of nearly equal numbers: of the size of ε/σ², not of dy.
  const scale = Math.max(...expectedForward.inverseDeviation.map((s, c) => s * Math.abs(gamma[c]!)))
  for (const [i, value] of expected.dx.entries()) {
    const rounding = roundingOf(shape) * Math.abs(value)
    expect(Math.abs(output(last, 'dx')[i]! - value)).toBeLessThan(bound * scale + rounding)
  }
})

test.each(shapes)(
  'evaluation normalises $rows rows of $channels channels in $type with spread $spread by the running statistics',
  async (shape) => {
    const { x, gamma, beta, runningMean, runningVariance } = inputs(shape)
    const contents = { x, runningMean, runningVariance, gamma, beta, y: x.length }
    const expected = reference.batchNormEvaluation(shape, x, gamma, beta, runningMean, runningVariance)
    const y = output(await runKernel(device, batchNormEvaluate(shape), contents), 'y')
    expect(relativeError(y, expected)).toBeLessThan(16 * epsilon + roundingOf(shape))
  },
)

test('padded channels, all zeros, stay zero where γ and β are zero', async () => {
  const shape = { rows: 6, channels: 4 }
  const contents = { x: paddedNoise('x', 6, 3), gamma: paddedNoise('gamma', 1, 3), beta: paddedNoise('beta', 1, 3) }
  const sums = output(await runKernel(device, batchNormParts(shape), { x: contents.x, parts: 2 * 4 }), 'parts')
  const zeros = new Float32Array(4)
  const finish = await runKernel(device, batchNormFinish(shape), {
    parts: sums,
    saved: 8,
    runningMean: zeros,
    runningVariance: zeros,
  })
  const saved = output(finish, 'saved')
  const y = output(await runKernel(device, batchNormApply(shape), { ...contents, saved, y: 24 }), 'y')
  expect([...y].filter((_, i) => i % 4 === 3)).toEqual([0, 0, 0, 0, 0, 0])
  expect(output(finish, 'runningMean')[3]).toBe(0)
  expect(output(finish, 'runningVariance')[3]).toBe(0)
})

test.each(['relu', 'shortcut'] as const)('a %s tail is what the separate layers compute', async (tail) => {
  for (const shape of shapes.filter(({ type }) => type === undefined)) {
    const { x, gamma, beta, dy: shortcut } = inputs(shape)
    const plain = await forward(shape)
    const extra: Record<string, Contents> = tail === 'shortcut' ? { shortcut } : {}
    const contents = { x, saved: plain.saved, gamma, beta, ...extra, y: x.length }
    const y = output(await runKernel(device, batchNormApply(shape, tail), contents), 'y')
    const expected = Array.from(plain.y, (value, i) =>
      Math.max(0, tail === 'relu' ? value : Math.fround(value + shortcut[i]!)),
    )
    expect([...y]).toEqual(expected)
  }
})

test.each(['relu', 'shortcut'] as const)('in f16, a %s tail rounds once, on its way out', async (tail) => {
  const shape = { rows: 10, channels: 8, spread: 1, type: 'f16' as const }
  const { x, gamma, beta, dy: shortcut } = inputs(shape)
  const { saved } = await forward(shape)
  const contents = { x, saved, gamma, beta, shortcut, y: x.length }
  const plain = output(await runKernel(device, batchNormApply({ ...shape, type: 'f32' }), contents), 'y')
  const y = output(await runKernel(device, batchNormApply(shape, tail), contents), 'y')
  const added = (v: number, i: number): number => (tail === 'relu' ? v : Math.fround(v + shortcut[i]!))
  expect([...y]).toEqual(Array.from(plain, (v, i) => Math.f16round(Math.max(0, added(v, i)))))
})

test.each(shapes)(
  'a ReLU tail masks the gradients of $rows rows of $channels channels in $type by itself',
  async (shape) => {
    const { x, gamma, beta, dy } = inputs(shape)
    const { saved, y } = await forward(shape)
    const masked = dy.map((g, i) => (y[i]! > 0 ? g : 0))
    const partsLength = 2 * partsOf(shape).parts * shape.channels
    const fused = output(
      await runKernel(device, batchNormGradientParts(shape, true), { x, saved, gamma, beta, dy, parts: partsLength }),
      'parts',
    )
    const separate = await runKernel(device, batchNormGradientParts(shape), {
      x,
      saved,
      dy: masked,
      parts: partsLength,
    })
    expect(fused).toEqual(output(separate, 'parts'))
    const vectors = { dgamma: gamma, dbeta: beta, dx: x.length }
    const dx = await runKernel(device, batchNormInputGradient(shape, true), { x, saved, gamma, beta, dy, ...vectors })
    const expected = await runKernel(device, batchNormInputGradient(shape), { x, saved, gamma, dy: masked, ...vectors })
    expect(output(dx, 'dx')).toEqual(output(expected, 'dx'))
  },
)
