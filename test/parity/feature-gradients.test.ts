/**
 * What Grad-CAM weighs, on the device against PyTorch in float64: feature maps of the stages in evaluation mode, and the gradient of one
 * class's logit with respect to them. The bounds are those of whole networks (torch.test.ts).
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FeatureGolden, readGolden, summaryErrors } from './goldens.ts'
import { type Device, openNodeDevice, reference } from './internals.ts'
import { NetworkOnDevice } from './network-on-device.ts'

const bounds = { logits: 1e-4, activations: 1e-4, gradients: 5e-4 }

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

test.each(['resnet18-linear', 'resnet18-concat'])(
  '%s: feature maps and the gradients of a logit are those of PyTorch',
  async (name) => {
    const golden = readGolden<FeatureGolden>(`${name}-features`)
    const network = new NetworkOnDevice(device, golden)
    const activations = new Map<string, Float32Array>()
    const gradients = new Map<string, Float32Array>()
    for (const layer of golden.layers) {
      const of = await network.featureGradients(golden.step, layer, golden.label)
      expect(reference.relativeError(of.logits, golden.logits.values)).toBeLessThan(bounds.logits)
      activations.set(layer, of.activations)
      gradients.set(layer, of.gradients)
    }
    const beyond = (errors: { name: string; error: number }[], bound: number) =>
      errors.filter(({ error }) => !(error < bound))
    expect(beyond(summaryErrors(activations, golden.activations), bounds.activations)).toEqual([])
    expect(beyond(summaryErrors(gradients, golden.gradients), bounds.gradients)).toEqual([])
    network.destroy()
  },
)
