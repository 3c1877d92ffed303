import { CrashError } from '@sporeprint/api'

/** The engine's failures after which the same job may well succeed: its process or its device died. */
const crashes: ReadonlySet<string> = new Set(['HOST_CRASHED', 'DEVICE_LOST'])

/** Does what the engine is asked; of a death of its host it makes a CrashError, which the queue answers with another try. */
export async function toldOfCrashes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (error instanceof Error && crashes.has(code)) throw new CrashError(code, error.message, { cause: error })
    throw error
  }
}
