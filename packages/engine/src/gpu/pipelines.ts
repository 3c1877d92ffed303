import { EngineError } from '../errors.ts'
import type { Paced } from './device.ts'

/** What a pipeline is made from. */
export interface PipelineSource {
  name: string
  wgsl: string
  /** Number of bindings, all of them read-write storage (see kernels/kernel.ts). */
  bindings: number
}

export interface Pipeline {
  pipeline: GPUComputePipeline
  layout: GPUBindGroupLayout
}

/** Compute pipelines by their WGSL: the same text is compiled once a device, however many layers use it. */
export class PipelineCache {
  readonly #device: GPUDevice
  readonly #paced: Paced
  readonly #pipelines = new Map<string, Promise<Pipeline>>()

  constructor(device: GPUDevice, paced: Paced) {
    this.#device = device
    this.#paced = paced
  }

  get size(): number {
    return this.#pipelines.size
  }

  /** Compiles, or finds, the pipeline of a kernel. Every binding is read-write storage (see kernels/kernel.ts). */
  get(name: string, wgsl: string, bindings: number): Promise<Pipeline> {
    let pipeline = this.#pipelines.get(wgsl)
    if (!pipeline) {
      pipeline = this.#compile(name, wgsl, bindings)
      this.#pipelines.set(wgsl, pipeline)
    }
    return pipeline
  }

  async #compile(name: string, wgsl: string, bindings: number): Promise<Pipeline> {
    const module = this.#device.createShaderModule({ label: name, code: wgsl })
    const layout = this.#device.createBindGroupLayout({
      label: name,
      entries: Array.from({ length: bindings }, (_, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'storage' as const },
      })),
    })
    try {
      const descriptor: GPUComputePipelineDescriptor = {
        label: name,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      }
      const pipeline = await this.#paced(() => this.#device.createComputePipelineAsync(descriptor))
      return { pipeline, layout }
    } catch (cause) {
      const { messages } = await module.getCompilationInfo()
      const detail = messages.map((m) => `line ${m.lineNum}: ${m.message}`).join('; ') || String(cause)
      throw new EngineError('GPU_VALIDATION', `kernel ${name} does not compile: ${detail}\n${wgsl}`, { cause })
    }
  }
}
