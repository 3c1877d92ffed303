import type { Device } from '../gpu/device.ts'
import { mapped, readBuffer } from '../gpu/read.ts'
import type { StoreBuffer, Tensor } from '../graph/tensor.ts'
import { bytesOf, elementsOf } from '../graph/tensor.ts'
import { lossScaleWords } from '../kernels/loss-scale.ts'

/** Where programs and readers find the store's buffers. */
export type StoreBuffers = Pick<ParameterStore, 'buffer' | 'readAll'>

const averages = { parameters: 'averageParameters', states: 'averageStates' } as const

/**
 * The device buffers that outlive programs: parameters, running statistics, and while training gradients, moments, in mixed precision
 * the loss scale, and averages where they are wanted.
 * Flat: an optimiser walks long stretches instead of a hundred small tensors.
 */
export class ParameterStore {
  readonly #device: Device
  readonly #buffers: Partial<Record<StoreBuffer, GPUBuffer>> = {}
  /** What flat buffers are read through, one after another: as large as the largest. */
  #staging: GPUBuffer | null = null
  #reading: Promise<unknown> = Promise.resolve()
  readonly #elements: number
  readonly #stateElements: number

  /** `elements` and `stateElements`: lengths of the flat parameter and state buffers. */
  constructor(device: Device, elements: number, stateElements: number) {
    this.#device = device
    this.#elements = elements
    this.#stateElements = stateElements
  }

  /** Bytes allocated so far, but for what the CPU reads through. */
  get bytes(): number {
    return Object.values(this.#buffers).reduce((sum, buffer) => sum + buffer.size, 0)
  }

  /**
   * Allocates buffers, zeroed, before anything needs them, with what they are read back through: later nothing is. Throws
   * OUT_OF_MEMORY where the device has no room for them.
   */
  async allocate(...names: StoreBuffer[]): Promise<void> {
    this.#stagingBuffer()
    for (const name of names) {
      this.#buffers[name] ??= await this.#device.allocate(name, this.#bytesOf(name))
    }
  }

  /** Allocated, zeroed, at first use: inference never pays for gradients and moments. */
  buffer(name: StoreBuffer): GPUBuffer {
    return (this.#buffers[name] ??= this.#device.createBuffer(
      name,
      this.#bytesOf(name),
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    ))
  }

  /** Values of f32 or f16 tensors, rounded to the latter. */
  write(tensor: Tensor, values: Float32Array<ArrayBuffer>): void {
    const { buffer, offset } = this.#locate(tensor)
    if (values.length !== elementsOf(tensor)) {
      throw new Error(`${tensor.name} holds ${elementsOf(tensor)} elements, got ${values.length}`)
    }
    // As integers: Dawn's binding dies of a Float16Array (webgpu 0.6).
    const bytes = tensor.type === 'f16' ? new Uint16Array(new Float16Array(values).buffer) : values
    this.#device.gpu.queue.writeBuffer(buffer, offset, bytes)
  }

  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { buffer, offset } = this.#locate(tensor)
    const bytes = await readBuffer(this.#device, buffer, offset, bytesOf(tensor))
    return tensor.type === 'f16' ? Float32Array.from(new Float16Array(bytes)) : new Float32Array(bytes)
  }

  /** A whole flat buffer, for checkpoints. */
  readAll(name: StoreBuffer): Promise<Float32Array<ArrayBuffer>> {
    const read = this.#reading.then(() => this.#readThrough(this.buffer(name)))
    this.#reading = read.catch(() => {})
    return read
  }

  writeAll(name: StoreBuffer, values: Float32Array<ArrayBuffer>): void {
    this.#device.gpu.queue.writeBuffer(this.buffer(name), 0, values)
  }

  /** Forgets the optimiser's moments, and how many updates have made them. */
  clearMoments(): void {
    const encoder = this.#device.gpu.createCommandEncoder()
    for (const name of ['moment1', 'moment2'] as const) if (this.#buffers[name]) encoder.clearBuffer(this.buffer(name))
    if (this.#buffers.lossScale) encoder.clearBuffer(this.buffer('lossScale'), 4 * lossScaleWords.updates, 4)
    this.#device.gpu.queue.submit([encoder.finish()])
  }

  /** The averages under the names of what they are of: whoever reads weights there reads averaged ones. */
  averaged(): StoreBuffers {
    const named = (name: StoreBuffer): StoreBuffer =>
      name === 'parameters' || name === 'states' ? averages[name] : name
    return { buffer: (name) => this.buffer(named(name)), readAll: (name) => this.readAll(named(name)) }
  }

  /** Lets the averages begin at the weights as they are. */
  resetAverages(): void {
    const encoder = this.#device.gpu.createCommandEncoder()
    for (const [name, average] of Object.entries(averages) as [keyof typeof averages, StoreBuffer][]) {
      const from = this.buffer(name)
      encoder.copyBufferToBuffer(from, 0, this.buffer(average), 0, from.size)
    }
    this.#device.gpu.queue.submit([encoder.finish()])
  }

  destroy(): void {
    for (const buffer of Object.values(this.#buffers)) buffer.destroy()
    this.#staging?.destroy()
  }

  async #readThrough(buffer: GPUBuffer): Promise<Float32Array<ArrayBuffer>> {
    const staging = this.#stagingBuffer()
    const encoder = this.#device.gpu.createCommandEncoder()
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size)
    this.#device.gpu.queue.submit([encoder.finish()])
    return new Float32Array(await mapped(this.#device, staging, buffer.size))
  }

  #stagingBuffer(): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    const bytes = 4 * Math.max(this.#elements, this.#stateElements)
    return (this.#staging ??= this.#device.createBuffer('staging of parameters', bytes, usage))
  }

  #bytesOf(name: StoreBuffer): number {
    return 4 * this.#lengthOf(name)
  }

  #lengthOf(name: StoreBuffer): number {
    if (name === 'lossScale') return lossScaleWords.words
    return name === 'states' || name === 'averageStates' ? this.#stateElements : this.#elements
  }

  #locate(tensor: Tensor): { buffer: GPUBuffer; offset: number } {
    const { place } = tensor
    if (place.in === 'arena' || place.in === 'program' || place.in === 'view')
      throw new Error(`${tensor.name} is not in the store`)
    return { buffer: this.buffer(place.in), offset: 4 * place.offset }
  }
}
