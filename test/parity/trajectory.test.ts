/**
 * Training on the device against PyTorch in float64: twenty steps of either optimiser from the same weights, over the same batches.
 * Each loss is within 1e-3 of PyTorch's, and so is every parameter and running statistic at the end, both by its greatest element
 * (max|Δ| / max|reference|, of sampled elements) and by its norm (‖Δ‖ / ‖reference‖, estimated by projections). Rates are such that
 * the trajectory is well conditioned; where no ReLU turns over, lavapipe comes within 2e-6 for losses and 3e-5 for tensors. One that
 * does is worth up to 7e-4 of an element in PyTorch's own float32 run.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { normErrors, readGolden, summaryErrors, type TrajectoryGolden } from './goldens.ts'
import { type Device, openNodeDevice, reference } from './internals.ts'
import { NetworkOnDevice } from './network-on-device.ts'

const bound = 1e-3

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

test.each([
  ['resnet18', 'adamw'],
  ['resnet18', 'sgd'],
  ['resnet50', 'adamw'],
  ['resnet50', 'sgd'],
])('twenty steps of %s by %s follow PyTorch, in every loss and every tensor', async (arch, optimizer) => {
  const golden = readGolden<TrajectoryGolden>(`${arch}-${optimizer}-trajectory`)
  const network = new NetworkOnDevice(device, golden)
  const losses = await network.trajectory(golden)
  const apart = losses.map((loss, step) => reference.relativeError([loss], golden.losses.values.slice(step, step + 1)))
  expect(losses).toHaveLength(golden.steps + 1)
  expect(Math.max(...apart)).toBeLessThan(bound)
  // It learns: the trajectory is one of training, not of standing still.
  expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] ?? 0))
  const final = new Map([...(await network.parameters()), ...(await network.running())])
  const errors = { elements: summaryErrors(final, golden.final), norms: normErrors(final, golden.final) }
  expect(errors.elements.filter(({ error }) => !(error < bound))).toEqual([])
  expect(errors.norms.filter(({ error }) => !(error < bound))).toEqual([])
  network.destroy()
})
