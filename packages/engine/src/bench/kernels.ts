import { withArena } from '../compile/fit.ts'
import { planMemory } from '../compile/plan.ts'
import { type Compiled, compile } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import { type Spread, spread } from '../compile/timing.ts'
import type { AdapterInfo, Device } from '../gpu/device.ts'
import type { Dispatch, Graph } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { type Pass, passes } from '../kernels/conv2d/conv2d.variants.ts'
import { noise } from '../kernels/random.ts'
import type { Arch } from '../nn/resnet.ts'
import { trainingGraph } from '../train/graphs.ts'
import { initialiseWeights } from '../weights/state-dict.ts'
import { perMs } from './kernel-times.ts'
import { type BenchProgress, timeDispatch } from './measure.ts'
import { benchNetwork } from './network.ts'
import { measurePeak } from './peak.ts'

export interface KernelBenchOptions {
  arch: Arch
  /** Side of the images, in pixels. */
  size: number
  batch: number
  /** Measured runs of each kernel. Default 5. */
  runs?: number
  /**
   * What variants are chosen for: this adapter (default), or any GPU. The latter says on a software adapter that the kernels of
   * a GPU run, and what they take; not how fast a GPU is.
   */
  target?: 'adapter' | 'gpu'
  onProgress?: BenchProgress
}

/** One convolution by itself. */
export interface ConvolutionTime {
  pass: Pass
  variant: string
  /** The first layer in the step that has it. */
  layer: string
  /** Shapes as stored, in binding order: what is read and what is written. */
  tensors: number[][]
  /** How often a training step has it. */
  count: number
  ms: Spread
  flops: number
  /** By the median. */
  gflops: number
  shareOfPeak: number
  /** Least traffic to and from memory. */
  bytes: number
  gbps: number
  workgroupBytes: number
}

export interface KernelBench {
  adapter: AdapterInfo
  arch: Arch
  size: number
  batch: number
  peakGflops: number
  convolutions: ConvolutionTime[]
}

/**
 * Times every distinct convolution of a network's training step by itself, in the order of the step, on noise (some adapters
 * are faster on zeros). Expects the device to itself. Throws OUT_OF_MEMORY as training would.
 */
export async function benchKernels(
  device: Device,
  { arch, size, batch, runs = 5, target = 'adapter', onProgress = () => {} }: KernelBenchOptions,
): Promise<KernelBench> {
  const model = benchNetwork(arch)
  const plan = (batch: number) => {
    const { graph } = trainingGraph(model, { batch, size }, { optimizer: 'adamw', labelSmoothing: 0, frozen: false })
    const compiled = compile(device, 'training step', graph)
    const step = target === 'gpu' ? forGpu(device, compiled.name, graph) : compiled
    return { step, programs: [step] }
  }
  const store = new ParameterStore(device, model.elements, model.stateElements)
  const { step, arena } = await withArena(device, batch, plan)
  const found = distinctConvolutions(step.dispatches)
  const names = scratchNames(step.dispatches)
  const peakBefore = await measurePeak(device)
  try {
    initialiseWeights(model, store, 1)
    const timed: { convolution: Convolution; times: number[] }[] = []
    for (const [i, convolution] of found.entries()) {
      onProgress('Timing convolutions', i, found.length)
      fillWithNoise(device, arena)
      timed.push({ convolution, times: await timeDispatch(device, convolution.dispatch, { store, arena, runs }) })
    }
    onProgress('Timing convolutions', found.length, found.length)
    const peakGflops = Math.max(peakBefore, await measurePeak(device))
    device.check()
    const convolutions = timed.map(({ convolution: { dispatch, pass, variant, count }, times }): ConvolutionTime => {
      const { kernel, tensors } = dispatch
      const { flops, bytes, workgroupBytes = 0 } = kernel
      const ms = spread(times)
      const gflops = perMs(flops, ms.median)
      return {
        pass,
        variant,
        layer: layerOf(dispatch, names),
        tensors: tensors.map(({ shape }) => [...shape]),
        count,
        ms,
        flops,
        gflops,
        shareOfPeak: gflops / peakGflops,
        bytes,
        gbps: perMs(bytes, ms.median),
        workgroupBytes,
      }
    })
    return { adapter: device.adapter, arch, size, batch, peakGflops, convolutions }
  } finally {
    arena.destroy()
    store.destroy()
  }
}

/** A step with the variants that a GPU with this adapter's subgroups would get. Variants differ in scratch tensors only. */
export function forGpu(device: Device, name: string, graph: Graph): Compiled {
  const dispatches = graph.lower({ ...device.adapter, software: false })
  return { name, dispatches, plan: planMemory(dispatches) }
}

interface Convolution extends Pick<ConvolutionTime, 'pass' | 'variant' | 'count'> {
  dispatch: Dispatch
}

/**
 * Convolutions by their name and WGSL, which holds shape and variant. Kernels are called conv2d.<pass>.<variant>; of Winograd these
 * are the products, without the transforms around them.
 */
function distinctConvolutions(dispatches: readonly Dispatch[]): Convolution[] {
  const distinct = new Map<string, Convolution>()
  for (const dispatch of dispatches) {
    const [family, name, ...variant] = dispatch.kernel.name.split('.')
    const pass = passes.find((known) => known === name)
    if (family !== 'conv2d' || pass === undefined) continue
    // The products of two passes may be the same kernel.
    const key = `${dispatch.kernel.name} ${dispatch.kernel.wgsl}`
    const seen = distinct.get(key)
    if (seen) seen.count++
    else distinct.set(key, { pass, variant: variant.join('.'), count: 1, dispatch })
  }
  return [...distinct.values()]
}

/** Whose copies scratch tensors are: a transposed or transformed filter its filter's, what becomes a gradient the gradient's. */
function scratchNames(dispatches: readonly Dispatch[]): Map<Tensor, string> {
  const names = new Map<Tensor, string>()
  const copies = dispatches.flatMap(({ tensors: [from, to, ...others] }) =>
    from && to && others.length === 0 ? [{ from, to }] : [],
  )
  const nameOf = (tensor: Tensor): string | undefined => (ofFilter(tensor) ? tensor.name : names.get(tensor))
  for (const { from, to } of copies) {
    const name = nameOf(from)
    if (name) names.set(to, name)
  }
  for (const { from, to } of copies.reverse()) {
    const name = nameOf(to)
    if (name) names.set(from, name)
  }
  return names
}

const ofFilter = ({ place }: Tensor): boolean => place.in === 'parameters' || place.in === 'gradients'

/** The name of the layer whose filter, or gradient of it, a convolution binds. */
function layerOf({ tensors, kernel }: Dispatch, scratch: ReadonlyMap<Tensor, string>): string {
  const name = tensors.find(ofFilter)?.name ?? tensors.map((tensor) => scratch.get(tensor)).find(Boolean) ?? kernel.name
  return name.replace(/^d /, '').replace(/\.weight$/, '')
}

const block = noise(2 ** 20)

function fillWithNoise(device: Device, buffer: GPUBuffer): void {
  for (let offset = 0; offset < buffer.size; offset += block.byteLength) {
    const bytes = Math.min(block.byteLength, buffer.size - offset)
    device.gpu.queue.writeBuffer(buffer, offset, block, 0, Math.floor(bytes / 4))
  }
}
