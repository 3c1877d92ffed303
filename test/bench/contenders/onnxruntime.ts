/** onnxruntime-node, inference only, on its CPU or its WebGPU provider (which brings a Dawn of its own). */
import { encodeOnnx } from '@sporeprint/engine'
import { formulaModel, loadOnnxruntime, planar } from '../../export/onnxruntime.ts'
import { reference } from '../../parity/internals.ts'
import { type Contender, classes, type Workload } from '../contender.ts'
import { countOf, tensorsOf } from '../resnet.ts'

export const onnxruntime =
  (provider: 'cpu' | 'webgpu') =>
  async (workload: Workload, peers: string): Promise<Contender> => {
    const { arch, batch, size } = workload
    const ort = loadOnnxruntime(peers)
    const labels = Array.from({ length: classes }, (_, k) => `class ${k}`)
    const network = formulaModel({ arch, head: 'linear', classes: labels, size })
    const model = Buffer.concat(encodeOnnx(network, { batch }))
    const begun = performance.now()
    const session = await ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 })
    const compileMs = performance.now() - begun
    const images = planar(reference.formulaImages(0, batch, size), size)
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
