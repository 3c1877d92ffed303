import { type Compiled, compile, createArena, Program } from '../compile/program.ts'
import type { StoreBuffers } from '../compile/store.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { backward, Graph } from '../graph/graph.ts'
import { nhwc, type Tensor } from '../graph/tensor.ts'
import type { FeatureLayer, ResNet } from '../nn/resnet.ts'
import { stepScalars } from '../train/step-scalars.ts'

/** A stage's feature maps A of one image, [height, width, channels], and the gradient ∂y/∂A of one class's logit y. */
export interface FeatureGradient {
  height: number
  width: number
  channels: number
  activations: Float32Array
  gradients: Float32Array
  /** [classes]. */
  logits: Float32Array
}

interface FeatureGradientGraph {
  graph: Graph
  pixels: Tensor
  /** [1, 1, 1, classes padded]: 1 for the class whose logit it is, 0 elsewhere. */
  seed: Tensor
  logits: Tensor
  maps: Tensor
  gradients: Tensor
}

/** Evaluation, and the way back to the feature maps of one stage: nothing learns, and running statistics stand still. */
function featureGradientGraph(model: ResNet, size: number, layer: FeatureLayer): FeatureGradientGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [1, size, size], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const mode = { training: false, activations: 'f32', step } as const
  const stages = model.featureMaps(graph, pixels, mode)
  const maps = graph.keep(stages[layer])
  const logits = graph.keep(model.classify(graph, model.pool(graph, stages.layer4), mode))
  const seed = graph.io('d logits', logits.shape)
  const gradients = backward(graph, logits, seed, new Set([maps])).get(maps)
  if (!gradients) throw new Error(`no gradient reaches ${layer}`)
  return { graph, pixels, seed, logits, maps, gradients: graph.keep(gradients) }
}

/** What Grad-CAM needs of a network: feature maps, and how a class's logit changes with them. One image at a time. */
export class FeatureGradients {
  /** Bytes written to the device so far. */
  uploaded = 0
  readonly #model: ResNet
  readonly #graph: FeatureGradientGraph
  readonly #program: Program
  readonly #arena: GPUBuffer
  readonly #pacer: Pacer

  static async record(
    device: Device,
    model: ResNet,
    store: Pick<StoreBuffers, 'buffer'>,
    { size, layer }: { size: number; layer: FeatureLayer },
    onPipeline?: (done: number, total: number) => void,
  ): Promise<FeatureGradients> {
    const graph = featureGradientGraph(model, size, layer)
    const compiled: Compiled = compile(device, 'feature gradients', graph.graph)
    const arena = await createArena(device, [compiled])
    const program = await Program.record(device, compiled, store, arena, onPipeline)
    return new FeatureGradients(device, model, graph, program, arena)
  }

  private constructor(device: Device, model: ResNet, graph: FeatureGradientGraph, program: Program, arena: GPUBuffer) {
    this.#model = model
    this.#graph = graph
    this.#program = program
    this.#arena = arena
    this.#pacer = new Pacer(device)
  }

  /** Of one image, u8 RGBA [size, size, 4], for the class of index `label`. */
  async of(pixels: Uint8Array, label: number): Promise<FeatureGradient> {
    const { seed, logits, maps, gradients, ...graph } = this.#graph
    const { h: height, w: width, channels } = nhwc(maps)
    const oneHot = Float32Array.from({ length: seed.shape.at(-1) ?? 0 }, (_, k) => Number(k === label))
    this.#program.write(graph.pixels, pixels)
    this.#program.write(seed, oneHot)
    this.uploaded += pixels.byteLength + oneHot.byteLength
    const submitted = performance.now()
    this.#program.run([logits, maps, gradients])
    await this.#pacer.settle('feature gradients', submitted)
    const read = async (tensor: Tensor) => new Float32Array(await this.#program.read(tensor))
    return {
      height,
      width,
      channels,
      activations: await read(maps),
      gradients: await read(gradients),
      logits: (await read(logits)).subarray(0, this.#model.classes.length),
    }
  }

  destroy(): void {
    this.#program.destroy()
    this.#arena.destroy()
  }
}
