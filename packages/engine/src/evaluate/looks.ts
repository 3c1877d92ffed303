import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { forEachConcurrent } from '../data/concurrent.ts'
import { UnreadableImageError } from '../data/decode-image.ts'
import { type Look, lookAt } from '../data/look.ts'
import { throwIfAborted } from '../errors.ts'

interface LooksOptions {
  signal: AbortSignal
  onProgress(done: number, total: number): void
}

/** Looks at files of the folder `root`, named by their paths. What cannot be read has no look. */
export async function lookAtFiles(
  root: string,
  paths: readonly string[],
  { signal, onProgress }: LooksOptions,
): Promise<Map<string, Look>> {
  const looks = new Map<string, Look>()
  let done = 0
  await forEachConcurrent(paths, availableParallelism(), async (path) => {
    throwIfAborted(signal)
    const look = await lookAtFile(join(root, path))
    if (look) looks.set(path, look)
    if (++done % 100 === 0 || done === paths.length) onProgress(done, paths.length)
  })
  return looks
}

async function lookAtFile(path: string): Promise<Look | null> {
  try {
    return await lookAt(await readFile(path))
  } catch (error) {
    // Told as skipped by whoever asks for its pixels.
    if (error instanceof UnreadableImageError || (error as NodeJS.ErrnoException).code) return null
    throw error
  }
}
