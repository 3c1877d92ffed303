/** onnxruntime-node, inference only, on its CPU or its WebGPU provider (which brings a Dawn of its own). */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { reference } from '../../parity/internals.ts'
import { type Contender, classes, type Workload } from '../contender.ts'
import { resNetAsOnnx } from '../onnx-file.ts'
import { countOf, tensorsOf } from '../resnet.ts'

/** The part of onnxruntime-node 1.30 that is used here; the package is installed apart from the workspace. */
interface Ort {
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object
  InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: readonly string[]; logSeverityLevel: number },
    ): Promise<{ run(inputs: Record<string, object>): Promise<Record<string, { data: Float32Array }>> }>
  }
}

export const onnxruntime =
  (provider: 'cpu' | 'webgpu') =>
  async (workload: Workload, peers: string): Promise<Contender> => {
    const { arch, batch, size } = workload
    const ort = createRequire(join(peers, 'package.json'))('onnxruntime-node') as Ort
    const weights = (name: string, shape: readonly number[]): Float32Array =>
      Float32Array.from(reference.formulaParameter(name, shape))
    const model = resNetAsOnnx(workload, weights)
    const begun = performance.now()
    const session = await ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 })
    const compileMs = performance.now() - begun
    const nhwc = reference.formulaImages(0, batch, size)
    const pixels = size * size
    const images = Float32Array.from(nhwc, (_, i) => {
      const channel = Math.floor(i / pixels) % 3
      return nhwc[(Math.floor(i / (3 * pixels)) * pixels + (i % pixels)) * 3 + channel] ?? 0
    })
    return {
      device: provider === 'cpu' ? 'CPU, all cores' : 'WebGPU provider',
      parameters: countOf(tensorsOf(arch, classes).parameters.values()),
      compileMs,
      async run() {
        const { logits } = await session.run({ images: new ort.Tensor('float32', images, [batch, 3, size, size]) })
        if (!logits) throw new Error('onnxruntime returned no logits')
        return logits.data
      },
    }
  }
