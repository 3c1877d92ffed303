/** A trained checkpoint, as PyTorch saved it, on the device: its logits against PyTorch's in float64. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@sporeprint/server/testing'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { type Golden, readGolden, type Whole } from './goldens.ts'
import { openNodeDevice, readWeightsFile, reference } from './internals.ts'
import { NetworkOnDevice } from './network-on-device.ts'

const file = new URL('../../../shared/weights/resnet18-cifar7.pth', import.meta.url).pathname

const missing = 'the trained weights, ../shared/weights/resnet18-cifar7.pth, are not on this machine'
const classes = ['airplane', 'automobile', 'cat', 'deer', 'frog', 'ship', 'truck']

test('a trained ResNet-18 read from its .pth answers as it does in PyTorch, by its own head', async ({ skip }) => {
  if (!existsSync(file)) skip(missing)
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

test('the command line says of image files what PyTorch says of their pixels', async ({ skip }) => {
  if (!existsSync(file)) skip(missing)
  const { size, batch, step, logits } = readGolden<Golden & { logits: Whole }>('resnet18-trained')
  const rgb = Buffer.from(Uint8Array.from(reference.formulaPixels(step, batch, size)))
  const dir = await mkdtemp(join(tmpdir(), 'sporeprint-trained-'))
  const bytes = size * size * 3
  for (let i = 0; i < batch; i++) {
    const raw = { width: size, height: size, channels: 3 } as const
    await sharp(rgb.subarray(i * bytes, (i + 1) * bytes), { raw })
      .png()
      .toFile(join(dir, `${i}.png`))
  }
  const hints = ['--arch', 'resnet18', '--classes', classes.join(), '--size', String(size)]
  const { code, stdout, stderr } = await runCli(['predict', file, dir, ...hints, '--json'])
  await rm(dir, { recursive: true })
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const said: { image: string; label: string; probabilities: Record<string, number>; logits: number[] }[] =
    JSON.parse(stdout)
  expect(said.map(({ image }) => image)).toEqual([0, 1, 2, 3].map((i) => join(dir, `${i}.png`)))
  expect(
    reference.relativeError(
      said.flatMap((one) => one.logits),
      logits.values,
    ),
  ).toBeLessThan(1e-4)
  for (const { label, logits, probabilities } of said) {
    expect(label).toBe(classes[logits.indexOf(Math.max(...logits))])
    const sum = logits.reduce((total, z) => total + Math.exp(z), 0)
    for (const [k, name] of classes.entries()) {
      expect(probabilities[name]).toBeCloseTo(Math.exp(logits[k] as number) / sum, 9)
    }
  }
})
