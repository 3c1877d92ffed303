/** Exported networks in onnxruntime, held against PyTorch's logits: no device is needed. */

import { existsSync } from 'node:fs'
import { encodeOnnx, type SavedModel } from '@sporeprint/engine'
import { readModel } from '@sporeprint/engine/node'
import { expect, test } from 'vitest'
import { installedPeers } from '../bench/peer-packages.ts'
import { type Golden, networkGoldens, readGolden, type Whole } from '../parity/goldens.ts'
import { reference } from '../parity/internals.ts'
import { formulaModel, loadOnnxruntime, planar } from './onnxruntime.ts'

const peers = installedPeers()
const noPeers = 'onnxruntime-node is not installed: npm run bench:peers -w test installs it'

/** Logits of the golden's images: all at once, and the first by itself. */
async function logitsOf(saved: SavedModel, { step, batch, size }: Golden, folder: string) {
  const ort = loadOnnxruntime(folder)
  const options = { executionProviders: ['cpu'], logSeverityLevel: 3 }
  const session = await ort.InferenceSession.create(Buffer.concat(encodeOnnx(saved)), options)
  const images = planar(reference.formulaImages(step, batch, size), size)
  const run = async (n: number): Promise<number[]> => {
    const input = new ort.Tensor('float32', images.subarray(0, n * 3 * size * size), [n, 3, size, size])
    const { logits } = await session.run({ images: input })
    expect(logits?.dims).toEqual([n, saved.classes.length])
    return [...(logits?.data ?? [])]
  }
  return { all: await run(batch), first: await run(1) }
}

const weights = new URL('../../../shared/weights/resnet18-cifar7.pth', import.meta.url).pathname

test.for(networkGoldens)(
  '%s as ONNX says in onnxruntime what PyTorch says, of any number of images',
  async (name, { skip }) => {
    if (!peers) return skip(noPeers)
    const golden = readGolden(name)
    const classes = Array.from({ length: golden.classes }, (_, k) => `class ${k}`)
    const saved = formulaModel({ arch: golden.arch, head: golden.head, classes, size: golden.size })
    const { all, first } = await logitsOf(saved, golden, peers)
    const { values } = golden.evaluationLogits
    expect(reference.relativeError(all, values)).toBeLessThan(1e-4)
    expect(reference.relativeError(first, values.slice(0, classes.length))).toBeLessThan(1e-4)
  },
)

test('trained weights as ONNX say in onnxruntime what PyTorch says', async ({ skip }) => {
  if (!peers) return skip(noPeers)
  if (!existsSync(weights))
    return skip('the trained weights, ../shared/weights/resnet18-cifar7.pth, are not on this machine')
  const golden = readGolden<Golden & { logits: Whole }>('resnet18-trained')
  const saved = await readModel(weights, { classes: golden.classes, size: golden.size })
  const { all } = await logitsOf(saved, golden, peers)
  expect(reference.relativeError(all, golden.logits.values)).toBeLessThan(1e-4)
})

test('an exported network says what it is: opset, ends, classes and how images become input', () => {
  const classes = ['moss', 'amber']
  const saved = formulaModel({ arch: 'resnet18', head: 'concat', classes, size: 96 })
  const text = Buffer.concat(encodeOnnx(saved)).toString('latin1')
  for (const part of ['images', 'logits', 'head.fc2.weight', '["moss","amber"]', '[0.485,0.456,0.406]', 'bilinear'])
    expect(text).toContain(part)
  // OperatorSetIdProto { version: 17 } as ModelProto's field 8.
  expect(text).toContain('\x42\x02\x10\x11')
})
