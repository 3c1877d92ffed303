/** Runs the real command line as a child process, as a user's shell would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/sporeprint.js', import.meta.url))

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliProcess {
  child: ChildProcess
  /** All of stdout and stderr so far. */
  output: () => CliResult
  /** Resolves once the output matches; rejects if the process ends before. */
  said: (pattern: RegExp) => Promise<RegExpExecArray>
  ended: Promise<CliResult>
}

export interface CliOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
}

/** Starts `sporeprint ...args`. */
export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions = {}): CliProcess {
  const child = spawn(process.execPath, ['--conditions=@sporeprint/source', bin, ...args], {
    cwd,
    env: { ...process.env, DEBUG: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const result: CliResult = { code: null, stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    result[stream] += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', collect('stdout'))
  child.stderr.on('data', collect('stderr'))
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...result, code }))
  })
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(result.stdout) ?? pattern.exec(result.stderr)
        if (match === null) return
        listeners.delete(look)
        resolve(match)
      }
      listeners.add(look)
      look()
      void ended.then(
        ({ code, stderr }) => reject(new Error(`ended with ${code} before ${pattern}: ${stderr}`)),
        reject,
      )
    })
  return { child, output: () => result, said, ended }
}

/** Runs `sporeprint ...args` to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended
}
