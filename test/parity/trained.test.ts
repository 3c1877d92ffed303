/** A trained checkpoint, as PyTorch saved it, on the device: its logits against PyTorch's in float64. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Golden, readGolden, type Whole } from './goldens.ts'
import { openNodeDevice, readWeightsFile, reference } from './internals.ts'
import { NetworkOnDevice } from './network-on-device.ts'

const file = new URL('../../../shared/weights/resnet18-cifar7.pth', import.meta.url).pathname

test('a trained ResNet-18 read from its .pth answers as it does in PyTorch, by its own head', async ({ skip }) => {
  if (!existsSync(file)) skip('the trained weights, ../shared/weights/resnet18-cifar7.pth, are not on this machine')
  const golden = readGolden<Golden & { logits: Whole }>('resnet18-trained')
  const device = await openNodeDevice({ validation: true })
  try {
    const network = new NetworkOnDevice(device, golden)
    expect(network.load((await readWeightsFile(file)).tensors)).toMatchObject({ loaded: 102, missing: [] })
    // PyTorch's own float32 run comes within the golden's float32Error of this.
    expect(reference.relativeError(await network.evaluate(golden.step), golden.logits.values)).toBeLessThan(1e-4)
    network.destroy()
  } finally {
    await device.destroy()
  }
})
