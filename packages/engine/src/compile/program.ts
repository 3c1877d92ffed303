/**
 * A recorded step: pipelines, bind groups and workgroup counts, made once and replayed by one submission. What differs from
 * step to step (images, labels, rates) is written into the program's own tensors before a run.
 */
import { EngineError } from '../errors.ts'
import { compileAhead } from '../gpu/compile-ahead.ts'
import { type Device, mebibytes } from '../gpu/device.ts'
import { workDone } from '../gpu/pacing.ts'
import type { PipelineSource } from '../gpu/pipelines.ts'
import { mapped, readBuffer } from '../gpu/read.ts'
import type { Dispatch, Graph, LoweringTarget } from '../graph/graph.ts'
import { bytesOf, type Tensor } from '../graph/tensor.ts'
import { holdsHalves, type Kernel } from '../kernels/kernel.ts'
import { type MemoryPlan, planMemory } from './plan.ts'
import { recompute } from './recompute.ts'
import type { StoreBuffers } from './store.ts'

/** A lowered graph with its memory planned: everything but the device's objects. */
export interface Compiled {
  name: string
  dispatches: readonly Dispatch[]
  plan: MemoryPlan
}

export interface CompileOptions {
  /** Make cheap activations again for the backward pass instead of keeping them. */
  recompute?: boolean
  plan?: typeof planMemory
  /** What it is lowered for: by default the device's adapter. */
  target?: LoweringTarget
}

/**
 * Lowers a graph for a device and plans its memory. Throws OUT_OF_MEMORY, before anything is allocated, where no window of a
 * tensor is small enough to be bound, or the activations do not fit one buffer. What batch would fit is for `withArena` to say,
 * which plans others. BAD_CONFIG where activations are f16 and the adapter has none.
 */
export function compile(device: Device, name: string, graph: Graph, options: CompileOptions = {}): Compiled {
  const { plan = planMemory, recompute: again = false, target = device.target } = options
  const lowered = graph.lower(target)
  return compileDispatches(device, name, again ? recompute(lowered) : lowered, plan)
}

/** Plans the memory of dispatches that are lowered already. Throws OUT_OF_MEMORY as `compile` does. */
export function compileDispatches(
  device: Device,
  name: string,
  dispatches: readonly Dispatch[],
  planner: typeof planMemory = planMemory,
): Compiled {
  checkHalves(device, name, dispatches)
  checkBindings(device, name, dispatches)
  const plan = planner(dispatches)
  for (const bytes of [plan.arenaBytes, plan.ioBytes]) device.checkBufferSize(`${name}: memory`, bytes)
  return { name, dispatches, plan }
}

function checkHalves(device: Device, name: string, dispatches: readonly Dispatch[]): void {
  const { adapter } = device
  if (adapter.features.includes('shader-f16') || !dispatches.some(({ kernel }) => kernel.bindings.some(holdsHalves)))
    return
  throw new EngineError(
    'BAD_CONFIG',
    `${name}: mixed precision needs the WebGPU feature shader-f16, which ${adapter.name} lacks: use precision f32`,
  )
}

function checkBindings(device: Device, name: string, dispatches: readonly Dispatch[]): void {
  const limit = device.adapter.maxBindingBytes
  let largest: Tensor | undefined
  for (const { tensors } of dispatches) {
    for (const tensor of tensors) if (!largest || bytesOf(tensor) > bytesOf(largest)) largest = tensor
  }
  if (!largest || bytesOf(largest) <= limit) return
  throw new EngineError(
    'OUT_OF_MEMORY',
    `${name}: ${largest.name} [${largest.shape}] takes ${mebibytes(bytesOf(largest))}, and ${device.adapter.name} binds at most ${mebibytes(limit)}`,
  )
}

/**
 * The buffer that programs which never run at the same time share for their activations. Throws OUT_OF_MEMORY where the device
 * has no room for it.
 */
export async function createArena(device: Device, programs: readonly Compiled[]): Promise<GPUBuffer> {
  const bytes = Math.max(...programs.map((p) => p.plan.arenaBytes), 256)
  return device.allocate('activations', bytes)
}

/** When a dispatch ran, on the device's clock, from the first one's start. */
export interface DispatchTime {
  kernel: Kernel
  startMs: number
  endMs: number
}

interface Recorded {
  pipeline: GPUComputePipeline
  bindGroup: GPUBindGroup
  workgroups: readonly [number, number, number]
}

export class Program {
  readonly name: string
  readonly #device: Device
  readonly #plan: MemoryPlan
  readonly #io: GPUBuffer
  readonly #recorded: readonly Recorded[]
  readonly #kernels: readonly Kernel[]
  readonly #staging = new Map<Tensor, GPUBuffer>()
  /** The next run, encoded. */
  #ahead: GPUCommandBuffer | null = null

  private constructor(device: Device, compiled: Compiled, io: GPUBuffer, recorded: readonly Recorded[]) {
    this.name = compiled.name
    this.#device = device
    this.#plan = compiled.plan
    this.#io = io
    this.#recorded = recorded
    this.#kernels = compiled.dispatches.map(({ kernel }) => kernel)
  }

  /**
   * Compiles every pipeline and makes every bind group. `onPipeline` is told how many of the program's pipelines are ready.
   */
  static async record(
    device: Device,
    compiled: Compiled,
    store: Pick<StoreBuffers, 'buffer'>,
    arena: GPUBuffer,
    onPipeline?: (done: number, total: number) => void,
  ): Promise<Program> {
    const { plan, dispatches } = compiled
    const io = await device.allocate(`inputs and outputs of ${compiled.name}`, Math.max(plan.ioBytes, 256))
    const locate = (tensor: Tensor): GPUBufferBinding => {
      const { place } = tensor
      const size = bytesOf(tensor)
      switch (place.in) {
        case 'arena':
          return { buffer: arena, offset: offsetIn(plan.arena, tensor), size }
        case 'program':
          return { buffer: io, offset: offsetIn(plan.io, tensor), size }
        case 'view': {
          const { buffer, offset = 0 } = locate(place.of)
          return { buffer, offset: offset + bytesOf({ ...tensor, shape: [place.offset] }), size }
        }
        default:
          return { buffer: store.buffer(place.in), offset: 4 * place.offset, size }
      }
    }
    await compilePipelines(device, dispatches, onPipeline)
    const recorded = await Promise.all(
      dispatches.map(async ({ kernel, tensors }): Promise<Recorded> => {
        const { pipeline, layout } = await device.pipelines.get(kernel.name, kernel.wgsl, kernel.bindings.length)
        const entries = tensors.map((tensor, binding) => ({ binding, resource: locate(tensor) }))
        return {
          pipeline,
          bindGroup: device.gpu.createBindGroup({ label: kernel.name, layout, entries }),
          workgroups: kernel.workgroups,
        }
      }),
    )
    device.check()
    return new Program(device, compiled, io, recorded)
  }

  /** Writes a tensor of the program's own, in whole or from its start. Bytes in multiples of 4. */
  write(tensor: Tensor, data: Uint8Array | Uint32Array | Float32Array): void {
    this.#device.gpu.queue.writeBuffer(this.#io, offsetIn(this.#plan.io, tensor), data)
  }

  /** Submits one run; `copy` names tensors of the program's own to be read afterwards with `read`. */
  run(copy: readonly Tensor[] = []): void {
    const step = this.#ahead ?? this.#encode()
    this.#device.gpu.queue.submit(copy.length > 0 ? [step, this.#encodeCopies(copy)] : [step])
    // A command buffer can be submitted once. The next one is encoded while the device computes, so that it need not wait then.
    this.#ahead = this.#encode()
  }

  #encode(): GPUCommandBuffer {
    const encoder = this.#device.gpu.createCommandEncoder({ label: this.name })
    const pass = encoder.beginComputePass({ label: this.name })
    let current: GPUComputePipeline | null = null
    for (const { pipeline, bindGroup, workgroups } of this.#recorded) {
      if (pipeline !== current) pass.setPipeline((current = pipeline))
      pass.setBindGroup(0, bindGroup)
      // Not spread: that took 7 % of the time in this loop.
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2])
    }
    pass.end()
    return encoder.finish()
  }

  #encodeCopies(tensors: readonly Tensor[]): GPUCommandBuffer {
    const encoder = this.#device.gpu.createCommandEncoder({ label: `${this.name}: copies` })
    for (const tensor of tensors) {
      const staging = this.#stagingOf(tensor)
      encoder.copyBufferToBuffer(this.#io, offsetIn(this.#plan.io, tensor), staging, 0, bytesOf(tensor))
    }
    return encoder.finish()
  }

  /**
   * One run with every dispatch in a pass of its own, timed by the device. Slower than `run` by what passes cost.
   * Needs the `timestamp-query` feature; its clock may be coarse on a page. Throws BAD_CONFIG where it is missing.
   */
  async profile(): Promise<DispatchTime[]> {
    const { gpu } = this.#device
    if (!gpu.features.has('timestamp-query')) {
      throw new EngineError(
        'BAD_CONFIG',
        `${this.#device.adapter.name} has no timestamp-query: time by kernel cannot be measured`,
      )
    }
    const count = 2 * this.#recorded.length
    const querySet = gpu.createQuerySet({ type: 'timestamp', count })
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC
    const resolved = this.#device.createBuffer('timestamps', 8 * count, usage)
    const encoder = gpu.createCommandEncoder({ label: `${this.name} profile` })
    for (const [i, { pipeline, bindGroup, workgroups }] of this.#recorded.entries()) {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      })
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, bindGroup)
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2])
      pass.end()
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0)
    gpu.queue.submit([encoder.finish()])
    await workDone(this.#device)
    const times = new BigUint64Array(await readBuffer(this.#device, resolved, 0, 8 * count))
    querySet.destroy()
    resolved.destroy()
    const start = times[0] ?? 0n
    const ms = (time = 0n): number => Number(time - start) / 1e6
    return this.#kernels.map((kernel, i) => ({ kernel, startMs: ms(times[2 * i]), endMs: ms(times[2 * i + 1]) }))
  }

  /** Makes ready what `tensor` is read through, so that no run has to. */
  prepareRead(tensor: Tensor): void {
    this.#stagingOf(tensor)
  }

  /** What the last run copied of `tensor`. */
  async read(tensor: Tensor): Promise<ArrayBuffer> {
    this.#device.check()
    return mapped(this.#device, this.#stagingOf(tensor))
  }

  destroy(): void {
    this.#ahead = null
    this.#io.destroy()
    for (const staging of this.#staging.values()) staging.destroy()
  }

  #stagingOf(tensor: Tensor): GPUBuffer {
    let staging = this.#staging.get(tensor)
    if (!staging) {
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
      staging = this.#device.createBuffer(`${tensor.name} staging`, bytesOf(tensor), usage)
      this.#staging.set(tensor, staging)
    }
    return staging
  }
}

/** Every pipeline that the dispatches need, each once; down to machine code where the driver would leave that for later. */
export async function compilePipelines(
  device: Device,
  dispatches: readonly Dispatch[],
  onPipeline: (done: number, total: number) => void = () => {},
): Promise<void> {
  const sources = new Map<string, PipelineSource>()
  for (const { kernel } of dispatches) {
    const { name, wgsl, bindings } = kernel
    sources.set(wgsl, { name, wgsl, bindings: bindings.length })
  }
  const total = sources.size
  if (device.compilesLate) return compileAhead(device, [...sources.values()], (done) => onPipeline(done, total))
  let done = 0
  await Promise.all(
    [...sources.values()].map(async ({ name, wgsl, bindings }) => {
      await device.pipelines.get(name, wgsl, bindings)
      onPipeline(++done, total)
    }),
  )
}

function offsetIn(offsets: ReadonlyMap<Tensor, number>, tensor: Tensor): number {
  const offset = offsets.get(tensor)
  if (offset === undefined) throw new Error(`${tensor.name} is not bound by this program`)
  return offset
}
