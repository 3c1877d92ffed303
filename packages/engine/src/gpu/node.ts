/** Dawn, through the `webgpu` package: the engine's way to a GPU under Node. */
import { availableParallelism } from 'node:os'
import { create, globals } from 'webgpu'
import { EngineError } from '../errors.ts'
import { type Device, type Host, openDevice } from './device.ts'
import { paced } from './paced-ticks.ts'

export interface NodeDeviceOptions {
  /** Check every call and clamp every access: for tests and for hunting bugs. Off, a step is about a tenth faster. */
  validation?: boolean
  /** One of `listAdapters`, by its name or a part of it. Default: the one that Dawn thinks most powerful. */
  adapter?: string | undefined
}

// Dawn goes on calling the instance that `create` returned after the collector has freed it, and the process dies at
// random; so every instance stays reachable for as long as the process lives (webgpu 0.6).
const instances: GPU[] = []
Object.assign(globalThis, { __sporeprintGpuInstances: instances })

/** Fewer pipelines than this are not worth opening another device for. */
const pipelinesPerAssistant = 8

function createInstance(flags: string[]): GPU {
  Object.assign(globalThis, globals)
  // Silences a warning of the Vulkan loader where no desktop session is.
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
  const instance = create(flags)
  instances.push(instance)
  return instance
}

/**
 * The names of all adapters that Dawn finds in this process, which has to live with them: drivers are looked for once. There is no call
 * for it: who asks for an adapter that there is not is told which there are (webgpu 0.6).
 */
export async function listAdapters(): Promise<string[]> {
  const answer = await createInstance(['adapter=\n'])
    .requestAdapter()
    .then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
  return [...new Set(Array.from(answer.matchAll(/name: '(.*)'$/gm), ([, name]) => name as string))]
}

const noAdapter = (name: string, cause: unknown): EngineError =>
  new EngineError('NO_ADAPTER', `there is no adapter ${name} here: run \`npx sporeprint doctor\``, { cause })

/** Opens an adapter of Dawn's. Throws NO_ADAPTER. */
export async function openNodeDevice({ validation = false, adapter }: NodeDeviceOptions = {}): Promise<Device> {
  const fast = ['skip_validation', 'disable_robustness', 'disable_workgroup_init']
  const toggles = ['allow_unsafe_apis', ...(validation ? [] : fast)]
  const flags = [`enable-dawn-features=${toggles.join(',')}`, 'disable-dawn-features=timestamp_quantization']
  if (adapter !== undefined) flags.push(`adapter=${adapter}`)
  const open = (host: Host): Promise<Device> =>
    openDevice(createInstance(flags), host).catch((error: unknown) => {
      throw adapter !== undefined && !(error instanceof EngineError) ? noAdapter(adapter, error) : error
    })
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
