import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, errorCode } from '../cli/errors.ts'

/** Keeps a study to one process: two would write one journal. Returns what gives it up. A lock of a process that is gone counts for nothing. */
export async function lockStudy(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, 'study.lock')
  for (;;) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(String(process.pid))
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (owner > 0 && owner !== process.pid && isAlive(owner)) {
      throw new CommandError('STUDY_BUSY', `${dir} is being worked on by process ${owner}: end that first`)
    }
    await rm(path, { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
