/**
 * One process a folder. PGlite itself lets a second process open a database and ruins it, and Node has no flock; so a file
 * names its owner, and an owner that has died is told from one that lives by its process id and start time.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StartupError } from '../errors.ts'

interface Owner {
  pid: number
  host: string
  /** Differs between two processes that were given the same id, one after the other. */
  started: string
}

export interface FolderLock {
  release(): Promise<void>
}

/** When a process started, in the kernel's ticks since a boot that has an id; empty where the system has no /proc. */
async function startOf(pid: number): Promise<string> {
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ])
  // The 22nd field; the 2nd is the program's name in brackets and may hold anything.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return ticks ? `${boot.trim()} ${ticks}` : ''
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** On another host nobody can tell whether the owner lives; then it is taken to. */
async function lives(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) return true
  if (!isAlive(owner.pid)) return false
  return (await startOf(owner.pid)) === owner.started
}

const parse = (text: string): Owner | null => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * Takes the folder for this process, from a dead owner if need be.
 * @throws StartupError FOLDER_LOCKED naming the process that has it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, 'lock.json')
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) })
  // Written beside it and linked, so that the lock appears with its content or not at all.
  const draft = `${file}.${randomUUID()}`
  await writeFile(draft, mine)
  try {
    for (;;) {
      const taken = await link(draft, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false
          throw error
        },
      )
      if (taken) return { release: () => rm(file, { force: true }) }
      await removeStale(folder, file)
    }
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes the lock of a dead owner. Of several processes that find it, the one whose link to it succeeds does so. */
async function removeStale(folder: string, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return
  const owner = parse(text)
  if (owner === null || (await lives(owner))) {
    const who = owner ? `process ${owner.pid} on ${owner.host}` : 'an unknown process'
    throw new StartupError(
      'FOLDER_LOCKED',
      `The data folder ${folder} is in use by ${who}. Stop that process, or start with another data folder. If you are sure that it no longer runs, delete ${file}`,
    )
  }
  const claim = `${file}.stale.${owner.pid}.${owner.started.replace(/\W+/g, '-')}`
  const won = await link(file, claim).then(
    () => true,
    () => false,
  )
  // Another process is removing it; give it the time to.
  if (!won) return void (await new Promise((resolve) => setTimeout(resolve, 50)))
  try {
    if ((await readFile(claim, 'utf8')) === text) await rm(file, { force: true })
  } finally {
    await rm(claim, { force: true })
  }
}
