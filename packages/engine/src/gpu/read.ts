import type { Device } from './device.ts'

/** Copies a stretch of a buffer to the CPU. For occasional reads; a program keeps staging buffers for what it reads often. */
export async function readBuffer(
  device: Device,
  buffer: GPUBuffer,
  offset: number,
  bytes: number,
): Promise<ArrayBuffer> {
  const staging = device.createBuffer('staging', bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST)
  const encoder = device.gpu.createCommandEncoder()
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes)
  device.gpu.queue.submit([encoder.finish()])
  try {
    return await mapped(device, staging)
  } finally {
    staging.destroy()
  }
}

/** The first `bytes` of a staging buffer, by default all, copied out: a mapped range dies with its unmapping. */
export async function mapped(device: Device, staging: GPUBuffer, bytes: number = staging.size): Promise<ArrayBuffer> {
  try {
    await device.paced(() => staging.mapAsync(GPUMapMode.READ, 0, bytes))
  } catch (cause) {
    // A device that failed earlier explains a failed mapping better than the mapping does.
    device.check()
    throw cause
  }
  const copy = staging.getMappedRange(0, bytes).slice(0)
  staging.unmap()
  return copy
}
