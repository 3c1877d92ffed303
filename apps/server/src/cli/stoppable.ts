import { CommandError, errorCode } from './errors.ts'
import { abortOnInterrupt } from './interrupt.ts'
import type { Io } from './io.ts'
import { createProgress, type Progress } from './progress.ts'

export interface StoppableWork {
  signal: AbortSignal
  progress: Progress
}

export interface StoppableWords {
  /** Told at the first Ctrl-C. */
  stopping: string
  /** The one line that the command ends with then. */
  stopped: string
}

/** Does work that Ctrl-C stops, under a progress bar that is gone when it ends, however it does. Throws STOPPED where it was stopped. */
export async function stoppable<T>(
  io: Io,
  { stopping, stopped }: StoppableWords,
  work: (parts: StoppableWork) => Promise<T>,
): Promise<T> {
  const progress = createProgress()
  const { signal, release } = abortOnInterrupt(() => {
    progress.pause()
    io.log(stopping)
  })
  try {
    return await work({ signal, progress })
  } catch (error) {
    const asked = signal.aborted && (errorCode(error) === 'ABORTED' || error === signal.reason)
    throw asked ? new CommandError('STOPPED', stopped, { cause: error }) : error
  } finally {
    progress.pause()
    release()
  }
}
