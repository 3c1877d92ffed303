import { afterAll, beforeAll, expect, test } from 'vitest'
import { IGNORED_LABEL } from '../data/loader.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { softmaxCrossEntropy } from '../reference/loss.ts'
import { padded } from './kernel.ts'
import { crossEntropy, partnerWords, recordLoss } from './loss.ts'
import { initialLossScale } from './loss-scale.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const cases = [
  { classes: 3, smoothing: 0, labels: [2, 0, 1, 1, 0], weights: null },
  { classes: 9, smoothing: 0.1, labels: [8, 0, 4], weights: null },
  { classes: 3, smoothing: 0.1, labels: [1, IGNORED_LABEL, 2, IGNORED_LABEL], weights: null },
  { classes: 2, smoothing: 0.1, labels: [1], weights: null },
  { classes: 3, smoothing: 0, labels: [2, 0, 1, 1, 0], weights: [0.5, 2, 1.25] },
  { classes: 5, smoothing: 0.1, labels: [4, IGNORED_LABEL, 0], weights: [0.5, 2, 1.25, 0, 3] },
]

test.each(cases)(
  'loss and gradient of $classes classes, smoothing $smoothing, labels $labels, weights $weights',
  async (c) => {
    const n = c.labels.length
    const columns = padded(c.classes)
    const labels = Uint32Array.from(c.labels)
    // Logits of up to ± 10; what lies in the padding must not matter.
    const logits = paddedNoise('logits', n, c.classes).map((v, i) => (i % columns < c.classes ? 10 * v : 1e6))
    const weights = new Float32Array(c.weights ?? new Float32Array(c.classes).fill(1))
    const weighted = c.weights !== null
    const contents = { logits, labels, weights, losses: n, dlogits: logits.length }
    const result = await runKernel(device, crossEntropy({ n, ...c, columns, weighted }), contents)
    const real = (i: number): boolean => i % columns < c.classes
    const expected = softmaxCrossEntropy(
      c.classes,
      c.smoothing,
      logits.map(Math.fround).filter((_, i) => real(i)),
      labels,
      weights,
    )
    // exp and log of WGSL are good to 3 ulp and a few more where |x| is large: logits of 10 cost ten times ε. Weights are up to 3.
    const bound = (weighted ? 3 : 1) * 64 * epsilon
    expect(firstMismatch(output(result, 'losses'), expected.losses, 16 * bound, [n])).toBeNull()
    const dlogits = output(result, 'dlogits')
    expect(
      firstMismatch(
        dlogits.filter((_, i) => real(i)),
        expected.dlogits,
        bound,
        [n, c.classes],
      ),
    ).toBeNull()
    expect(dlogits.filter((_, i) => !real(i)).every((v) => v === 0)).toBe(true)
  },
)

test.each([null, [0.5, 2, 1.25]])(
  'a mixed label is the sum of two, each by its share, under weights %j',
  async (weights) => {
    const labels = Uint32Array.of(0, 2, 1)
    const shared = [
      { partner: 2, share: 0.75 },
      { partner: 2, share: 0.5 },
      { partner: 0, share: 1 },
    ]
    const partners = new Uint32Array(3 * partnerWords)
    for (const [i, { partner, share }] of shared.entries())
      partners.set([partner, ...new Uint32Array(Float32Array.of(share).buffer)], i * partnerWords)
    const logits = paddedNoise('logits', 3, 3)
    const c = { n: 3, classes: 3, columns: 4, smoothing: 0.1 }
    const result = await runKernel(device, crossEntropy({ ...c, mixed: true, weighted: weights !== null }), {
      ...{ logits, labels, partners, losses: 3, dlogits: 12 },
      ...(weights && { weights: new Float32Array(weights) }),
    })
    const known = weights ?? undefined
    const real = logits.filter((_, i) => i % 4 < 3)
    const expected = softmaxCrossEntropy(3, 0.1, real, labels, known, shared)
    expect(firstMismatch(output(result, 'losses'), expected.losses, 64 * epsilon, [3])).toBeNull()
    const dlogits = output(result, 'dlogits').filter((_, i) => i % 4 < 3)
    expect(firstMismatch(dlogits, expected.dlogits, 16 * epsilon, [3, 3])).toBeNull()
    // The mean of both labels' losses by themselves.
    const own = softmaxCrossEntropy(3, 0.1, real, labels, known).losses
    const other = softmaxCrossEntropy(3, 0.1, real, Uint32Array.of(2, 2, 0), known).losses
    const sum = own.map((loss, i) => shared[i]!.share * loss + (1 - shared[i]!.share) * other[i]!)
    expect(firstMismatch(expected.losses, sum, 1e-12, [3])).toBeNull()
  },
)

test.each([false, true])(
  'a loss scale multiplies the gradient and leaves the loss as it is, class weights %s',
  async (weighted) => {
    const labels = Uint32Array.of(1, 2, 0)
    const weights = Float32Array.of(0.5, 2, 1)
    const contents = { logits: paddedNoise('logits', 3, 3), labels, weights, losses: 3, dlogits: 12 }
    const c = { n: 3, classes: 3, columns: 4, smoothing: 0.1, weighted }
    const plain = await runKernel(device, crossEntropy(c), contents)
    const lossScale = initialLossScale()
    const scaled = await runKernel(device, crossEntropy({ ...c, scaled: true }), { ...contents, lossScale })
    expect(output(scaled, 'losses')).toEqual(output(plain, 'losses'))
    expect(output(scaled, 'dlogits')).toEqual(output(plain, 'dlogits').map((v) => 65536 * v))
  },
)

test('a loss scale multiplies the gradient of mixed labels too', async () => {
  const contents = { logits: paddedNoise('logits', 2, 3), labels: Uint32Array.of(1, 2), losses: 2, dlogits: 8 }
  const half = new Uint32Array(Float32Array.of(0.5).buffer)[0]!
  const mixed = { ...contents, partners: Uint32Array.of(2, half, 0, half) }
  const c = { n: 2, classes: 3, columns: 4, smoothing: 0.1, mixed: true }
  const plain = await runKernel(device, crossEntropy(c), mixed)
  const scaled = await runKernel(device, crossEntropy({ ...c, scaled: true }), {
    ...mixed,
    lossScale: initialLossScale(),
  })
  expect(output(scaled, 'dlogits')).toEqual(output(plain, 'dlogits').map((v) => 65536 * v))
})

test('logits of a thousand neither overflow nor underflow', async () => {
  const contents = { logits: Float64Array.of(1000, 0, -1000, 0), labels: Uint32Array.of(1), losses: 1, dlogits: 4 }
  const result = await runKernel(device, crossEntropy({ n: 1, classes: 3, columns: 4, smoothing: 0 }), contents)
  expect(output(result, 'losses')[0]).toBe(1000)
  expect([...output(result, 'dlogits')]).toEqual([1, -1, 0, 0])
})

test('the mean loss of samples that count lands in the ring at the slot of its step', async () => {
  const losses = Float64Array.of(1, 0, 2.5)
  const labels = Uint32Array.of(0, IGNORED_LABEL, 1)
  const step = Uint32Array.from({ length: 16 }, (_, i) => (i === 1 ? 9 : 0))
  const ring = new Float32Array(4).fill(7)
  const result = await runKernel(device, recordLoss(3, 4), { losses, labels, step, ring })
  expect([...output(result, 'ring')]).toEqual([7, 1.75, 7, 7])
  const weights = Float32Array.of(0.25, 0.75)
  const weighted = await runKernel(device, recordLoss(3, 4, true), { losses, labels, weights, step, ring })
  expect([...output(weighted, 'ring')]).toEqual([7, 3.5, 7, 7])
})
