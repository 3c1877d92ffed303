import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { PlatformOptions } from '../platform.ts'

export interface ServerProcess {
  url: string
  child: ChildProcess
  /** Sends a signal and waits for the end; gives the signal or exit code that ended it. */
  end(signal: NodeJS.Signals): Promise<NodeJS.Signals | number | null>
}

const file = fileURLToPath(new URL('worker-process.ts', import.meta.url))

/** Starts a server with a worker in a process of its own; rejects with what it wrote to stderr if it does not come up. */
export async function spawnServer({ dataDir, databaseUrl, retryLimit }: PlatformOptions): Promise<ServerProcess> {
  const options = JSON.stringify({ dataDir, databaseUrl, retryLimit })
  const child = spawn(process.execPath, ['--conditions=@sporeprint/source', file, options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const lines = createInterface(child.stdout)
  const [url] = await Promise.race([
    once(lines, 'line') as Promise<[string]>,
    exit.then(() => {
      throw new Error(complaints)
    }),
  ])
  return {
    url,
    child,
    end: async (signal) => {
      child.kill(signal)
      const [code, ended] = await exit
      return ended ?? code
    },
  }
}
