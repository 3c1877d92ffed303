/** apt-get, told to ask nothing and to say what it would do. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

/** apt-get failed; the message holds its last words. */
export class AptError extends Error {
  override readonly name = 'AptError'
}

const PATIENT = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3']

/** A package list that cannot be fetched is an error; by default apt-get only warns of it. */
export const STRICT = ['-o', 'APT::Update::Error-Mode=any']

/** Runs apt-get (or a sibling) and resolves with its output. Throws AptError. `env` is added to the environment. */
export function apt(args: string[], { command = 'apt-get', env = {}, cwd = '/', accept = [0] } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, command === 'apt-get' ? [...PATIENT, ...args] : args, {
      cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let complaints = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (complaints += chunk))
    child.on('error', (error) => reject(new AptError(`${command} does not start: ${error.message}`)))
    child.on('close', (code) => {
      if (code !== null && accept.includes(code)) return resolve(output)
      const last = (complaints.trim() || output.trim()).split('\n').slice(-4).join('\n')
      reject(new AptError(`${[command, ...args].join(' ')} failed:\n${last}`))
    })
  })
}

export interface Plan {
  upgraded: number
  installed: number
  removed: number
  /** What will be fetched, in apt's words (54.6 MB). */
  download: string
}

/** What `apt-get install` of these arguments would do. */
export async function plan(args: string[]): Promise<Plan> {
  // It answers its own question with no, and leaves with code 1 for that.
  const output = await apt(['install', '--assume-no', '--no-install-recommends', ...args], { accept: [0, 1] })
  const counts = /(\d+) upgraded, (\d+) newly installed, (?:\d+ downgraded, )?(\d+) to remove/.exec(output)
  if (!counts)
    throw new AptError(`apt-get cannot install ${args.join(' ')}:\n${output.trim().split('\n').slice(-4).join('\n')}`)
  const download = /Need to get (?:[\d.,]+ ?\w+\/)?([\d.,]+ ?\w+) of archives/.exec(output)?.[1] ?? '0 B'
  return { upgraded: Number(counts[1]), installed: Number(counts[2]), removed: Number(counts[3]), download }
}

export async function install(args: string[]): Promise<void> {
  await apt(['install', '-y', '--no-install-recommends', ...args])
}

/** Brings the package lists in: all of them where the machine has none (as container images do), else those of `source` alone. */
export async function update(source?: string): Promise<void> {
  const lists = '/var/lib/apt/lists'
  const bare =
    !existsSync(lists) || !readdirSync(lists).some((name) => name.endsWith('Packages') || /_Packages\./.test(name))
  // A source of somebody else's that does not answer is no reason to stop; one that is needed is.
  if (bare) await apt(['update', '-qq', ...STRICT])
  else if (!source) await apt(['update', '-qq'])
  else await apt(['update', '-qq', ...STRICT, ...only(source)])
}

/** Options that leave every other source's lists as they are. */
const only = (source: string): string[] =>
  [`Dir::Etc::sourcelist=${source}`, 'Dir::Etc::sourceparts=-', 'APT::Get::List-Cleanup=0'].flatMap((option) => [
    '-o',
    option,
  ])
