/**
 * Whole networks on the device against PyTorch in float64: logits, loss, every parameter's gradient, running statistics, and
 * the first steps of both optimisers. Bounds on max|Δ| / max|reference|: 1e-4 for logits, 5e-4 for gradients; PyTorch's own
 * float32 run comes within 1e-5 and 5e-5 (each golden's float32Error).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdamWGolden, readGolden, type SgdGolden, summaryErrors } from './goldens.ts'
import { type Device, openNodeDevice, pcg4d, reference } from './internals.ts'
import { NetworkOnDevice, noUpdate } from './network-on-device.ts'

const { formulaImages, formulaLabels, formulaParameter, relativeError, trainingPass } = reference
const bounds = { logits: 1e-4, loss: 1e-4, gradient: 5e-4, running: 1e-4, parameter: 5e-4 }

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const beyond = (errors: { name: string; error: number }[], bound: number) =>
  errors.filter(({ error }) => !(error < bound))

test.each(['resnet18', 'resnet34', 'resnet50'])(
  '%s with a linear head computes what PyTorch does, and so do its gradients and running statistics',
  async (arch) => {
    const golden = readGolden(`${arch}-linear`)
    const network = new NetworkOnDevice(device, golden)
    expect(relativeError(await network.evaluate(golden.step), golden.evaluationLogits.values)).toBeLessThan(
      bounds.logits,
    )
    const pass = await network.train(golden.step, noUpdate)
    expect(relativeError(pass.logits, golden.logits.values)).toBeLessThan(bounds.logits)
    expect(relativeError([pass.loss], golden.loss.values)).toBeLessThan(bounds.loss)
    expect(beyond(summaryErrors(await network.gradients(), golden.gradients), bounds.gradient)).toEqual([])
    expect(beyond(summaryErrors(await network.running(), golden.running), bounds.running)).toEqual([])
    network.destroy()
  },
)

test('resnet18 with the concat head, whose dropout masks PyTorch cannot draw, computes what the f64 network does', async () => {
  const golden = readGolden('resnet18-concat')
  const network = new NetworkOnDevice(device, golden)
  expect(relativeError(await network.evaluate(golden.step), golden.evaluationLogits.values)).toBeLessThan(bounds.logits)
  const pass = await network.train(golden.step, noUpdate)

  const { batch: n, size, classes } = golden
  const batch = {
    n,
    size,
    images: formulaImages(golden.step, n, size),
    labels: formulaLabels(golden.step, n, classes),
  }
  const dropout = (layer: 1 | 2, count: number): Float64Array => {
    const p = layer === 1 ? 0.25 : 0.5
    return new Float64Array(count).map((_, i) => {
      const draws = pcg4d(Math.floor(i / 4), pass.step, pass.seed, layer)
      return (draws[i % 4] ?? 0) / 2 ** 32 >= p ? 1 / (1 - p) : 0
    })
  }
  const exact = trainingPass({ ...golden, dropout }, formulaParameter, batch, golden.labelSmoothing)
  const errors = (computed: Map<string, Float32Array>, expected: Map<string, Float64Array>) =>
    [...expected].map(([name, values]) => ({ name, error: relativeError(computed.get(name) ?? [], values) }))
  expect(relativeError(pass.logits, exact.logits)).toBeLessThan(bounds.logits)
  expect(relativeError([pass.loss], [exact.loss])).toBeLessThan(bounds.loss)
  expect(beyond(errors(await network.gradients(), exact.gradients), bounds.gradient)).toEqual([])
  expect(beyond(errors(await network.running(), exact.running), bounds.running)).toEqual([])
  network.destroy()
})

test.each(['adamw', 'sgd'] as const)('three steps of %s follow PyTorch', async (optimizer) => {
  const golden = readGolden<AdamWGolden & SgdGolden>(`resnet18-${optimizer}`)
  const [beta1, beta2] = optimizer === 'adamw' ? golden.betas : [golden.momentum, 0]
  const network = new NetworkOnDevice(device, golden)
  const losses: number[] = []
  const scalars = { beta1, beta2, epsilon: golden.eps ?? 0, decay: golden.weightDecay, rates: Array(3).fill(golden.lr) }
  for (let update = 1; update <= golden.steps + 1; update++) {
    const chosen = update > golden.steps ? null : optimizer
    const pass = await network.train(golden.step + update - 1, { optimizer: chosen, update, ...scalars })
    losses.push(pass.loss)
  }
  const parameters = await network.parameters(Object.keys(golden.parameters))
  expect(relativeError(losses, golden.losses.values)).toBeLessThan(bounds.loss)
  expect(beyond(summaryErrors(parameters, golden.parameters), bounds.parameter)).toEqual([])
  network.destroy()
})
