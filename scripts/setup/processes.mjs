// Child processes, for scripts that run on the machine's own Node (20 or later) before anything is installed.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')

/** Node 24, which the dev dependency `node` brings; there once the dependencies are installed. */
export const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

const parent = process.ppid

/** Milliseconds that a child is given to end by itself after it has been asked to. */
const GRACE = 15_000

/**
 * The environment of children: this process's own, then `extra`, with Node 24 and the installed commands first on the path.
 * @param {Record<string, string>} [extra]
 */
export function childEnvironment(extra = {}) {
  const env = { ...process.env, ...extra }
  const path = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  return { ...env, [path]: [bin, env[path]].filter(Boolean).join(delimiter) }
}

/**
 * Runs a command in the foreground and resolves with its exit code. The child leads a process group of its own, so that a
 * Ctrl-C reaches it once and by way of this process; a second one, or no end within the grace, kills the whole group, and
 * what the child leaves running when it ends is killed as well: nothing outlives this call.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {{ stdout?: 'inherit' | 2, shell?: boolean }} [options] 2 sends the output to stderr
 * @returns {Promise<number>}
 */
export function runForeground(command, args, env, { stdout = 'inherit', shell = false } = {}) {
  const grouped = process.platform !== 'win32'
  return new Promise((resolve, reject) => {
    const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', stdout, 'inherit'])
    const child = spawn(command, args, { cwd: root, env, stdio, shell, detached: grouped })
    const killGroup = () => {
      try {
        process.kill(grouped ? -Number(child.pid) : Number(child.pid), 'SIGKILL')
      } catch {
        // Nothing is left of it.
      }
    }
    let asked = false
    /** @param {NodeJS.Signals} signal */
    const end = (signal) => {
      if (asked) return killGroup()
      asked = true
      // A terminal that has closed is no different from a polite request to end.
      child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
      setTimeout(killGroup, GRACE).unref()
    }
    const parentWatch = whenNpmDies(() => asked || end('SIGTERM'))
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, end)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      killGroup()
      clearInterval(parentWatch)
      for (const signal of signals) process.off(signal, end)
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
}

/**
 * npm hands a SIGTERM on to the shell that runs a script, and the shell dies of it without a word to the script; so a script
 * that npm runs looks whether its parent is still the one it began with.
 * @param {() => void} then
 */
function whenNpmDies(then) {
  if (!process.env.npm_lifecycle_event) return undefined
  return setInterval(() => process.ppid !== parent && then(), 500).unref()
}

/**
 * Runs a command whose messages (stderr) go to the terminal, and resolves with its exit code and its output.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runForOutput(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
