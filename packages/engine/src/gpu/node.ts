/** Dawn, through the `webgpu` package: the engine's way to a GPU under Node. */
import { availableParallelism } from 'node:os'
import { create, globals } from 'webgpu'
import { type Device, type Host, openDevice } from './device.ts'
import { paced } from './paced-ticks.ts'

export interface NodeDeviceOptions {
  /** Check every call and clamp every access: for tests and for hunting bugs. Off, a step is about a tenth faster. */
  validation?: boolean
}

// Dawn goes on calling the instance that `create` returned after the collector has freed it, and the process dies at
// random; so every instance stays reachable for as long as the process lives (webgpu 0.6).
const instances: GPU[] = []
Object.assign(globalThis, { __sporeprintGpuInstances: instances })

/** Fewer pipelines than this are not worth opening another device for. */
const pipelinesPerAssistant = 8

/** Opens Dawn's default adapter. Throws NO_ADAPTER. */
export async function openNodeDevice({ validation = false }: NodeDeviceOptions = {}): Promise<Device> {
  Object.assign(globalThis, globals)
  // Silences a warning of the Vulkan loader where no desktop session is.
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
  const fast = ['skip_validation', 'disable_robustness', 'disable_workgroup_init']
  const toggles = ['allow_unsafe_apis', ...(validation ? [] : fast)]
  const flags = [`enable-dawn-features=${toggles.join(',')}`, 'disable-dawn-features=timestamp_quantization']
  const open = (host: Host): Promise<Device> => {
    const instance = create(flags)
    instances.push(instance)
    return openDevice(instance, host)
  }
  // Validation warns of the empty dispatches that compiling ahead takes.
  if (validation) return open({ paced })
  return open({
    paced,
    async openAssistants(pipelines) {
      const most = Math.min(availableParallelism() - 1, Math.floor(pipelines / pipelinesPerAssistant))
      return Promise.all(Array.from({ length: most }, () => open({ paced })))
    },
  })
}
