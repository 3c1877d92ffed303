import { EngineError } from '../errors.ts'
import type { LoweringTarget } from '../graph/graph.ts'
import type { VariantChoices } from '../kernels/conv2d/conv2d.variants.ts'
import type { MatrixUnit } from '../kernels/kernel.ts'
import { PipelineCache } from './pipelines.ts'

export interface AdapterInfo {
  name: string
  vendor: string
  architecture: string
  /** True for an adapter that computes on the CPU (lavapipe, SwiftShader, WARP). */
  software: boolean
  features: string[]
  /** Lanes of a subgroup where that is one fixed number and kernels may be built on it (see `fewestLanes`), else null. */
  subgroupSize: number | null
  /** Products of matrices that a subgroup can do at once (tensor cores), of those that kernels know. */
  matrixUnits: MatrixUnit[]
  maxBindingBytes: number
  maxBufferBytes: number
}

/** Features that some kernel variant knows how to use. */
const wanted: readonly GPUFeatureName[] = [
  'subgroups',
  'shader-f16',
  'timestamp-query',
  // Dawn's, not yet WebGPU's.
  'chromium-experimental-subgroup-matrix' as GPUFeatureName,
]

/** Limits raised from WebGPU's defaults to what the adapter has. */
const raised = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const

/**
 * Kernels are built on subgroups of at least this many lanes. SwiftShader has 4, and takes half a minute and more to compile
 * one long kernel of subgroup operations (seen with Chromium 156).
 */
const fewestLanes = 8

type OpenAssistants = (pipelines: number) => Promise<Device[]>

/** Makes a call that may leave a promise of the device's pending, in a way that does not make waiting for it costly. */
export type Paced = <T>(call: () => T) => T

/** What the surroundings of a device, a page or Node, can do for it. */
export interface Host {
  paced?: Paced
  openAssistants?: OpenAssistants
}

/**
 * A WebGPU device and what kernels need to know of its adapter. Owns every pipeline compiled on it. Errors that WebGPU
 * reports late (validation, out of memory, loss) are kept and thrown by the next `check()`.
 */
export class Device {
  readonly gpu: GPUDevice
  readonly adapter: AdapterInfo
  readonly pipelines: PipelineCache
  /** Pipelines whose machine code is known to exist. */
  readonly compiled: WeakSet<GPUComputePipeline> = new WeakSet()
  /**
   * What has been measured to be fastest here (see autotune/): programs that are compiled from now on use it. Null: heuristics
   * choose. The same choices give the same bits; others may add up in another order.
   */
  choices: VariantChoices | null = null
  /** Every call that leaves a promise pending goes through this (see paced-ticks.ts); on a page it is the mere call. */
  readonly paced: Paced
  readonly #openAssistants: OpenAssistants | null
  #failure: EngineError | null = null
  #destroyed = false

  constructor(gpu: GPUDevice, adapter: AdapterInfo, host: Host) {
    this.gpu = gpu
    this.adapter = adapter
    this.paced = host.paced ?? ((call) => call())
    this.#openAssistants = adapter.software ? (host.openAssistants ?? null) : null
    this.pipelines = new PipelineCache(gpu, this.paced)
    gpu.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent
      const memory = error.constructor.name === 'GPUOutOfMemoryError'
      this.#failure ??= new EngineError(memory ? 'OUT_OF_MEMORY' : 'GPU_VALIDATION', `WebGPU: ${error.message}`)
    })
    void gpu.lost.then((info) => {
      if (this.#destroyed) return
      this.#failure = new EngineError(
        'DEVICE_LOST',
        `the device ${adapter.name} was lost (${info.reason || 'unknown'}): ${info.message || 'the driver gave no reason'}`,
      )
    })
  }

  /** What graphs are lowered for. */
  get target(): LoweringTarget {
    return { ...this.adapter, choices: this.choices }
  }

  /** Throws the first error that the device has reported since it was opened. */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  /** Whether the driver compiles at the first dispatch, so that compiling ahead pays. */
  get compilesLate(): boolean {
    return this.#openAssistants !== null
  }

  /** Further devices on the same adapter, to compile `pipelines` pipelines with. The caller destroys them. */
  async openAssistants(pipelines: number): Promise<Device[]> {
    return this.#openAssistants ? this.#openAssistants(pipelines) : []
  }

  /** A buffer of any use, but small: where the device has no room for it, only the next `check` says so. */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.checkBufferSize(label, bytes)
    return this.gpu.createBuffer({ label, size: bytes, usage })
  }

  /** A large buffer for storage bindings and copies, zeroed. Throws OUT_OF_MEMORY where the device has no room for it. */
  async allocate(label: string, bytes: number): Promise<GPUBuffer> {
    this.checkBufferSize(label, bytes)
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC
    this.gpu.pushErrorScope('out-of-memory')
    const buffer = this.gpu.createBuffer({ label, size: bytes, usage })
    const error = await this.paced(() => this.gpu.popErrorScope())
    if (!error) return buffer
    buffer.destroy()
    throw new EngineError('OUT_OF_MEMORY', `${this.adapter.name} has no ${mebibytes(bytes)} left for ${label}`)
  }

  /** Throws OUT_OF_MEMORY where the adapter makes no buffer of so many bytes, however much memory is free. */
  checkBufferSize(label: string, bytes: number): void {
    const { name, maxBufferBytes } = this.adapter
    if (bytes <= maxBufferBytes) return
    throw new EngineError(
      'OUT_OF_MEMORY',
      `${label} takes ${mebibytes(bytes)} in one buffer, and ${name} allows ${mebibytes(maxBufferBytes)}`,
    )
  }

  /** Frees everything on the device. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    this.gpu.destroy()
    await this.gpu.lost
  }
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MiB`

/**
 * Opens a device on `gpu` (a page's `navigator.gpu`, or what `openNodeDevice` makes) with every feature and limit of its
 * adapter that kernels use. Throws NO_ADAPTER.
 */
export async function openDevice(gpu: GPU, host: Host = {}): Promise<Device> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new EngineError(
      'NO_ADAPTER',
      'WebGPU finds no adapter here: run `npx sporeprint doctor`, which says what to install',
    )
  }
  const { info, limits } = adapter
  const features = wanted.filter((feature) => adapter.features.has(feature))
  const device = await adapter.requestDevice({
    requiredFeatures: features,
    requiredLimits: Object.fromEntries(raised.map((limit) => [limit, limits[limit]])),
  })
  const fixed = features.includes('subgroups') && info.subgroupMinSize === info.subgroupMaxSize
  const lanes = fixed ? info.subgroupMaxSize : 0
  const facts: AdapterInfo = {
    name: info.description || info.device || info.architecture || info.vendor || 'unnamed adapter',
    vendor: info.vendor,
    architecture: info.architecture,
    software:
      info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe|warp/i.test(`${info.device} ${info.architecture}`),
    features: [...adapter.features].sort(),
    subgroupSize: lanes >= fewestLanes ? lanes : null,
    matrixUnits: fixed ? matrixUnitsOf(info) : [],
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
  }
  return new Device(device, facts, host)
}

interface SubgroupMatrixConfig {
  componentType: string
  resultComponentType: string
  M: number
  N: number
  K: number
}

function matrixUnitsOf(info: GPUAdapterInfo): MatrixUnit[] {
  const { subgroupMatrixConfigs: configs = [] } = info as { subgroupMatrixConfigs?: SubgroupMatrixConfig[] }
  const known: MatrixUnit[] = []
  for (const component of ['f16', 'f32'] as const)
    for (const side of [8, 16] as const) {
      const fits = (c: SubgroupMatrixConfig): boolean =>
        c.componentType === component && c.resultComponentType === 'f32' && [c.M, c.N, c.K].every((n) => n === side)
      if (configs.some(fits)) known.push({ component, side })
    }
  return known
}
