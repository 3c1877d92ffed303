/**
 * Steadiness of memory: trains ResNet-18 at 32 px on batches of 8 by the learner, with an evaluation and a read-back of every
 * weight each 50 steps, and prints after each of these the resident memory of the process, the heap after a collection, and the
 * buffers on the device.
 *
 *   npm run bench:steady -w test -- [steps, 500 by default]
 */
import { type ImageSource, Learner, openNodeDevice, ResNet } from '@sporeprint/engine/node'

const [arch, size, batch, stepsBetween] = ['resnet18', 32, 8, 50] as const
const steps = Number(process.argv[2] ?? 500)

const classes = ['a', 'b', 'c']
/** Noise, brighter by class. */
const source = (length: number): ImageSource => ({
  size,
  length,
  classes,
  labels: Uint32Array.from({ length }, (_, i) => i % classes.length),
  paths: Array.from({ length }, (_, i) => `${i}`),
  async read(indices, out) {
    for (let b = 0; b < indices.length; b++) {
      const image = indices[b] ?? 0
      for (let i = 0; i < 4 * size * size; i++) {
        out[b * 4 * size * size + i] = (Math.imul(image * 7919 + i, 2654435761) >>> 25) + 60 * (image % classes.length)
      }
    }
  },
})

const device = await openNodeDevice()
/** Sizes of all buffers that exist, the engine's only: what the driver needs besides is in the resident memory. */
const buffers = new Set<GPUBuffer>()
const createBuffer = device.gpu.createBuffer.bind(device.gpu)
device.gpu.createBuffer = (descriptor) => {
  const buffer = createBuffer(descriptor)
  const destroy = buffer.destroy.bind(buffer)
  buffer.destroy = () => {
    buffers.delete(buffer)
    destroy()
  }
  buffers.add(buffer)
  return buffer
}

const train = source(stepsBetween * batch)
const learner = await Learner.create(device, new ResNet({ arch, classes, head: 'concat' }), {
  train,
  valid: source(4 * batch),
  batch,
})
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
console.log(`${arch}, ${size} px, batch ${batch} on ${device.adapter.name}`)
for await (const { epoch } of learner.fit({ epochs: Math.ceil(steps / stepsBetween), rate: 1e-4 })) {
  await learner.stateDict()
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const onDevice = [...buffers].reduce((sum, { size }) => sum + size, 0)
  const made = `${buffers.size} buffers of ${mib(onDevice)}`
  console.log(`step ${(epoch + 1) * stepsBetween}: resident ${mib(rss)}, heap ${mib(heapUsed)}, ${made}`)
}
learner.destroy()
await device.destroy()
