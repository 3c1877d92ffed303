/** Dawn, through the `webgpu` package: the engine's way to a GPU under Node. */
import { create, globals } from 'webgpu'
import { type Device, openDevice } from './device.ts'

export interface NodeDeviceOptions {
  /** Check every call and clamp every access: for tests and for hunting bugs. Off, a step is about a tenth faster. */
  validation?: boolean
}

// Dawn goes on calling the instance that `create` returned after the collector has freed it, and the process dies at
// random; so every instance stays reachable for as long as the process lives (webgpu 0.6).
const instances: GPU[] = []
Object.assign(globalThis, { __sporeprintGpuInstances: instances })

/** Opens Dawn's default adapter. Throws NO_ADAPTER. */
export async function openNodeDevice({ validation = false }: NodeDeviceOptions = {}): Promise<Device> {
  Object.assign(globalThis, globals)
  // Silences a warning of the Vulkan loader where no desktop session is.
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
  const fast = ['skip_validation', 'disable_robustness', 'disable_workgroup_init']
  const toggles = ['allow_unsafe_apis', ...(validation ? [] : fast)]
  const instance = create([`enable-dawn-features=${toggles.join(',')}`, 'disable-dawn-features=timestamp_quantization'])
  instances.push(instance)
  return openDevice(instance)
}
