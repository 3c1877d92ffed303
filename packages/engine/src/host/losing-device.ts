/** Preloaded into an engine host by a test: on SIGUSR2 its device is gone, as after a reset of the driver. */
import { globals } from 'webgpu'

const { prototype } = (globals as { GPUAdapter: typeof GPUAdapter }).GPUAdapter
const requestDevice = prototype.requestDevice

prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor)
  process.on('SIGUSR2', () => device.destroy())
  return device
}
