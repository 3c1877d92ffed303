/** One process at a time, by a file that names it. Node has no flock. */
import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { EngineError } from '../errors.ts'

/**
 * Does `work` while no other process does any under this lock; the lock of a process that has died is taken over.
 * Throws BUSY, naming the process that has it, and DISK.
 */
export async function withLock<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  await take(path, what)
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function take(path: string, what: string): Promise<void> {
  // Written beside it and linked, so that the lock appears with its owner or not at all.
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, String(process.pid)).catch((cause: Error) => {
    throw new EngineError('DISK', `${draft} cannot be written: ${cause.message}`, { cause })
  })
  try {
    while (!(await linked(draft, path))) await removeStale(path, what)
  } finally {
    await rm(draft, { force: true })
  }
}

async function removeStale(path: string, what: string): Promise<void> {
  const owner = await readFile(path, 'utf8').catch(() => null)
  if (owner === null) return
  if (isAlive(Number(owner))) {
    throw new EngineError(
      'BUSY',
      `process ${owner} is at work on ${what}: wait for it; if there is no such work, delete ${path}`,
    )
  }
  // Moved away first: of several that find it stale, one gets it.
  const claim = `${path}.stale.${process.pid}`
  const claimed = await rename(path, claim).then(
    () => true,
    () => false,
  )
  if (!claimed) return
  // Between reading and moving it, another may have put up its own: then that one stays.
  if ((await readFile(claim, 'utf8')) !== owner) await linked(claim, path)
  await rm(claim, { force: true })
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
