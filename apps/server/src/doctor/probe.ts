import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A WebGPU adapter that has computed correctly. */
export interface AdapterReport {
  name: string
  vendor: string
  architecture: string
  /** The driver's own words on name and version. */
  driver: string
  /** True for an adapter that computes on the CPU (lavapipe, SwiftShader, WARP). */
  software: boolean
  /** WebGPU feature names, sorted. */
  features: string[]
  /** WebGPU limits by name, as the adapter offers them. */
  limits: Record<string, number>
}

/** How far a probe came: the `webgpu` package did not load, no adapter answered, or the adapter did not compute. */
export type ProbeFailure = 'package' | 'adapter' | 'compute'

/** What a probe found; `reason` quotes what WebGPU and the driver said. */
export type ProbeResult = { adapter: AdapterReport } | { adapter: null; failed: ProbeFailure; reason: string }

/** Milliseconds; a probe takes a quarter of a second, a driver's first start on a cold disk several. */
const TIME_LIMIT = 60_000

/**
 * Looks for a WebGPU adapter in a child process and has it compute; the caller never opens a device. `env` replaces the
 * child's environment. Never throws: a child that crashes, hangs or cannot be started is a reason.
 */
export function probeAdapter(env: NodeJS.ProcessEnv = process.env): Promise<ProbeResult> {
  // The child is this module's neighbour: a .ts in the source tree, a .js in a build.
  const child = fileURLToPath(import.meta.url).replace(/probe\.(\w+)$/, 'probe-child.$1')
  return new Promise((resolve) => {
    const options = { env, timeout: TIME_LIMIT, killSignal: 'SIGKILL' } as const
    const probe = spawn(process.execPath, [child], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let said = ''
    probe.stdout.on('data', (chunk) => (out += chunk))
    probe.stderr.on('data', (chunk) => (said += chunk))
    const fail = (failed: ProbeFailure, ...reasons: string[]) =>
      resolve({ adapter: null, failed, reason: reasons.join('\n') })
    probe.on('error', (error) => fail('package', `the probe did not start: ${error.message}`))
    probe.on('close', (code, signal) => {
      const result = read(out)
      if (result?.adapter) return resolve(result)
      if (result) return fail(result.failed, result.reason, ...warnings(said))
      const ending = signal ? `was ended by ${signal} before it answered` : `ended with code ${code}`
      fail('compute', `the probe ${ending}`, ...warnings(said))
    })
  })
}

function read(out: string): ProbeResult | null {
  const line = out.split('\n').find((text) => text.startsWith('{"adapter":'))
  return line === undefined ? null : (JSON.parse(line) as ProbeResult)
}

/** Dawn's and the driver's lines that may explain a failure, without repeats and without the talkative ones. */
function warnings(said: string): string[] {
  const lines = said.split('\n').map((line) => line.trim())
  return [...new Set(lines)]
    .filter((line) => line !== '' && !/artificially reduced|^at |XDG_RUNTIME_DIR/.test(line))
    .slice(0, 8)
}
