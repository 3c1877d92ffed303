import { spawn } from 'node:child_process'
import type { Device } from '@sporeprint/engine/node'
import { findSwiftShader } from '../doctor/swiftshader.ts'
import { loadEngine } from '../engine.ts'

type Engine = typeof import('@sporeprint/engine/node')

/**
 * Opens a device in this very process, with the variants that were tuned on it, and gives it to `work`. Other commands leave
 * that to an engine host, for the sake of what else they do; a bench does nothing else while it measures, and would only time
 * messages between processes, and a preview of images is done in a moment. `onProblem` is told why what was tuned cannot be used.
 *
 * Where this machine's driver is found through LD_LIBRARY_PATH, which counts only when a process starts, the command is run once
 * more with it, and its exit code taken over: `work` is not called here then.
 */
export function onDevice(
  onProblem: (line: string) => void,
  work: (device: Device, engine: Engine) => Promise<void>,
): Promise<void> {
  return withDrivers(async (engine) => {
    const device = await engine.openTunedDevice({ onProblem })
    try {
      await work(device, engine)
    } finally {
      await device.destroy()
    }
  })
}

/**
 * Gives `work` the names of all adapters that processes of this one can open: those that Dawn finds, and a Chromium's SwiftShader where
 * there is one. Throws NO_ADAPTER.
 */
export function withAdapters(work: (adapters: string[], engine: Engine) => Promise<void>): Promise<void> {
  return withDrivers(async (engine) => {
    addDriver(findSwiftShader()?.manifest)
    const found = await engine.listAdapters()
    // The slowest last.
    const adapters = found.toSorted((a, b) => Number(/swiftshader/i.test(a)) - Number(/swiftshader/i.test(b)))
    if (adapters.length === 0) {
      throw new engine.EngineError('NO_ADAPTER', 'WebGPU finds no adapter here: run `npx sporeprint doctor`')
    }
    await work(adapters, engine)
  })
}

/** Shows the Vulkan loader one more driver, beside those that it finds or is told of. */
function addDriver(manifest: string | undefined): void {
  if (manifest === undefined) return
  const name = process.env.VK_DRIVER_FILES ? 'VK_DRIVER_FILES' : 'VK_ADD_DRIVER_FILES'
  const known = process.env[name]?.split(':').filter(Boolean) ?? []
  if (!known.includes(manifest)) process.env[name] = [...known, manifest].join(':')
}

async function withDrivers(work: (engine: Engine) => Promise<void>): Promise<void> {
  const path = process.env.LD_LIBRARY_PATH
  const engine = await loadEngine()
  if (process.env.LD_LIBRARY_PATH !== path) process.exitCode = await runAgain()
  else await work(engine)
}

/** This command line in a new process with the environment as it is now. */
function runAgain(): Promise<number> {
  const again = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    again.on('error', reject)
    // Ended by a signal, it has no code.
    again.on('close', (code) => resolve(code ?? 1))
  })
}
