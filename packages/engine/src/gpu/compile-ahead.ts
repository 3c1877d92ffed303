import type { Device } from './device.ts'
import { workDone } from './pacing.ts'
import type { PipelineSource } from './pipelines.ts'

/**
 * Makes the driver compile pipelines before they are needed. Software drivers leave machine code to a pipeline's first
 * dispatch, and do it on the queue's one thread: the first step of a network would stand still for a minute, using one
 * core. A dispatch of no workgroups is enough to make them compile (seen on Mesa 25 lavapipe). A device's assistants, other
 * devices on the same adapter with queues of their own, work through the list from its end; what they compile reaches the device
 * through the driver's cache on disk, and where that is switched off the device just compiles it again.
 */
export async function compileAhead(
  device: Device,
  sources: readonly PipelineSource[],
  onDone: (done: number) => void,
): Promise<void> {
  const assistants = await device.openAssistants(sources.length)
  let next = 0
  const taken = new Set<PipelineSource>()
  const assist = async (assistant: Device): Promise<void> => {
    for (let i = sources.length - 1; i > next; i--) {
      const source = sources[i]
      if (!source || taken.has(source)) continue
      taken.add(source)
      await compileNow(assistant, source)
    }
  }
  const assisting = assistants.map(assist)
  try {
    for (; next < sources.length; next++) {
      const source = sources[next]
      if (!source) continue
      // One that an assistant is at, or has done, comes from the cache once everything else is done.
      if (taken.has(source)) continue
      taken.add(source)
      await compileNow(device, source)
      onDone(next + 1)
    }
    await Promise.all(assisting)
    for (const source of sources) await compileNow(device, source)
    onDone(sources.length)
  } finally {
    await Promise.allSettled(assisting)
    for (const assistant of assistants) await assistant.destroy()
  }
}

/** Compiles one pipeline in the driver and waits for it; one that is compiled costs nothing. */
async function compileNow(device: Device, { name, wgsl, bindings }: PipelineSource): Promise<void> {
  const { pipeline, layout } = await device.pipelines.get(name, wgsl, bindings)
  if (device.compiled.has(pipeline)) return
  const { gpu } = device
  const slot = 256
  const buffer = gpu.createBuffer({ size: slot * bindings, usage: GPUBufferUsage.STORAGE })
  const entries = Array.from({ length: bindings }, (_, binding) => ({
    binding,
    resource: { buffer, offset: slot * binding, size: slot },
  }))
  const encoder = gpu.createCommandEncoder({ label: `compile ${name}` })
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, gpu.createBindGroup({ layout, entries }))
  pass.dispatchWorkgroups(0)
  pass.end()
  gpu.queue.submit([encoder.finish()])
  await workDone(device)
  buffer.destroy()
  device.compiled.add(pipeline)
}
