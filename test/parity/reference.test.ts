/**
 * The f64 reference networks against PyTorch in float64: what the device is held against is itself held against a peer.
 * Goldens keep 13 digits; sums of up to 10⁵ products in another order differ in the last few of a double's 16.
 */
import { expect, test } from 'vitest'
import {
  type AdamWGolden,
  networkGoldens,
  readGolden,
  type SgdGolden,
  summaryErrors,
  type TrainingGolden,
} from './goldens.ts'
import { type Reference, reference } from './internals.ts'

const { adamw, evaluationLogits, formulaImages, formulaLabels, formulaParameter, relativeError, sgd, trainingPass } =
  reference

const bound = 1e-9

type Setting = Reference.ReferenceNetwork & { size: number; batch: number; step: number }

const batchOf = ({ batch: n, size, classes }: Setting, step: number): Reference.ReferenceBatch => ({
  n,
  size,
  images: formulaImages(step, n, size),
  labels: formulaLabels(step, n, classes),
})

// ResNet-34 is ResNet-18 with more blocks; the device is held against its golden.
test.each(networkGoldens.filter((name) => name !== 'resnet34-linear'))(
  'the f64 network computes what PyTorch does: %s',
  (name) => {
    const golden = readGolden(name)
    const batch = batchOf(golden, golden.step)
    const pass = trainingPass(golden, formulaParameter, batch, golden.labelSmoothing)
    expect(relativeError([pass.loss], golden.loss.values)).toBeLessThan(bound)
    expect(relativeError(pass.logits, golden.logits.values)).toBeLessThan(bound)
    expect(
      relativeError(evaluationLogits(golden, formulaParameter, batch), golden.evaluationLogits.values),
    ).toBeLessThan(bound)
    expect(summaryErrors(pass.gradients, golden.gradients).filter(({ error }) => !(error < bound))).toEqual([])
    expect(summaryErrors(pass.running, golden.running).filter(({ error }) => !(error < bound))).toEqual([])
  },
)

test('three steps of AdamW follow PyTorch', () => {
  const golden = readGolden<AdamWGolden>('resnet18-adamw')
  const moments = new Map<string, [m: Float64Array, v: Float64Array]>()
  followsPyTorch(golden, (name, t, parameter, gradient, decay) => {
    const [m, v] = kept(moments, name, () => [new Float64Array(parameter.length), new Float64Array(parameter.length)])
    const [beta1, beta2] = golden.betas
    adamw({ rate: golden.lr, beta1, beta2, epsilon: golden.eps, decay }, t, parameter, gradient, m, v)
  })
})

test('three steps of SGD with momentum follow PyTorch', () => {
  const golden = readGolden<SgdGolden>('resnet18-sgd')
  const momenta = new Map<string, Float64Array>()
  followsPyTorch(golden, (name, _, parameter, gradient, decay) => {
    const m = kept(momenta, name, () => new Float64Array(parameter.length))
    sgd({ rate: golden.lr, momentum: golden.momentum, decay }, parameter, gradient, m)
  })
})

function kept<V>(map: Map<string, V>, name: string, make: () => V): V {
  const value = map.get(name) ?? make()
  map.set(name, value)
  return value
}

type Update = (name: string, t: number, parameter: Float64Array, gradient: Float64Array, decay: number) => void

function followsPyTorch(golden: TrainingGolden, update: Update): void {
  const parameters = new Map<string, Float64Array>()
  const matrices = new Set<string>()
  const source: Reference.ParameterSource = (name, shape) => {
    if (shape.length > 1) matrices.add(name)
    return kept(parameters, name, () => formulaParameter(name, shape))
  }
  const losses: number[] = []
  for (let step = 0; step <= golden.steps; step++) {
    const pass = trainingPass(golden, source, batchOf(golden, golden.step + step), golden.labelSmoothing)
    losses.push(pass.loss)
    if (step === golden.steps) break
    for (const [name, gradient] of pass.gradients) {
      // As fastai, no weight decay on batch norms and biases.
      update(name, step + 1, source(name, [gradient.length]), gradient, matrices.has(name) ? golden.weightDecay : 0)
    }
  }
  const trained = new Map(
    Object.keys(golden.parameters).map((name) => [name, parameters.get(name) ?? new Float64Array()]),
  )
  expect(relativeError(losses, golden.losses.values)).toBeLessThan(bound)
  expect(summaryErrors(trained, golden.parameters).filter(({ error }) => !(error < bound))).toEqual([])
}
