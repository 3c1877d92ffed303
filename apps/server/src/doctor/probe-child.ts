/**
 * A process of its own that asks WebGPU for an adapter, computes something on it, prints a ProbeResult as one line of JSON
 * and leaves. Apart from its callers, because a driver may crash, Dawn keeps a process busy for as long as a device lives,
 * and the Vulkan loader reads LD_LIBRARY_PATH only when a process starts.
 */
import { writeSync } from 'node:fs'
import type { AdapterReport, ProbeFailure, ProbeResult } from './probe.ts'

const N = 1024
const SHADER = `
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  values[id.x] = values[id.x] * values[id.x] + 1u;
}`

const failure = (failed: ProbeFailure, reason: string): ProbeResult => ({ adapter: null, failed, reason })
const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function probe(): Promise<ProbeResult> {
  const webgpu = await import('webgpu').catch(text)
  if (typeof webgpu === 'string') return failure('package', `the webgpu package does not load: ${webgpu}`)
  Object.assign(globalThis, webgpu.globals)
  const gpu = webgpu.create([])
  // Dawn goes on calling a collected instance (webgpu 0.6).
  Object.assign(globalThis, { __gpu: gpu })
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) return failure('adapter', 'WebGPU finds no adapter')
  const report = describe(adapter)
  const wrong = await adapter.requestDevice().then(compute).catch(text)
  return wrong === null ? { adapter: report } : failure('compute', `${report.name} does not compute: ${wrong}`)
}

function describe({ info, features, limits }: GPUAdapter): AdapterReport {
  const numbers: Record<string, number> = {}
  // The limits are getters of the prototype: neither Object.keys nor JSON sees them.
  for (const name of Object.keys(Object.getPrototypeOf(limits) as object)) {
    const value = (limits as unknown as Record<string, unknown>)[name]
    if (typeof value === 'number') numbers[name] = value
  }
  const { architecture } = info
  return {
    name: info.description || info.device || architecture || info.vendor || 'unnamed adapter',
    vendor: info.vendor,
    architecture,
    driver: info.description,
    software: info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe|warp/i.test(`${info.device} ${architecture}`),
    features: [...features].sort(),
    limits: numbers,
  }
}

/** Squares and increments 0…N-1 on the device. Returns null, or the first element that came out wrong. */
async function compute(device: GPUDevice): Promise<string | null> {
  device.pushErrorScope('validation')
  const bytes = 4 * N
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  const values = device.createBuffer({ size: bytes, usage: storage })
  const result = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  const module = device.createShaderModule({ code: SHADER })
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } })
  const layout = pipeline.getBindGroupLayout(0)
  const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: values } }] })
  device.queue.writeBuffer(
    values,
    0,
    Uint32Array.from({ length: N }, (_, i) => i),
  )
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(N / 64)
  pass.end()
  encoder.copyBufferToBuffer(values, 0, result, 0, bytes)
  device.queue.submit([encoder.finish()])
  const error = await device.popErrorScope()
  if (error) return error.message
  await result.mapAsync(GPUMapMode.READ)
  const found = new Uint32Array(result.getMappedRange().slice(0))
  const at = found.findIndex((value, i) => value !== i * i + 1)
  return at < 0 ? null : `${at}² + 1 came out as ${found[at]}`
}

const result = await probe().catch((error: unknown) => failure('adapter', text(error)))
writeSync(1, `${JSON.stringify(result)}\n`)
// Everything is said: a driver's tear-down is not waited for, since some crash in it or never end.
process.kill(process.pid, 'SIGKILL')
