/** What fits the memory of a device: programs with the arena they share, or the error that says which batch would. */
import { EngineError } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { workDone } from '../gpu/pacing.ts'
import { type Compiled, createArena } from './program.ts'

/**
 * Plans the programs of a batch by `plan` and allocates their arena. Throws OUT_OF_MEMORY where one of the two fails, with the
 * largest batch for which both succeed: it is found by planning and allocating smaller ones. Call it once everything else that
 * training needs is allocated.
 */
export async function withArena<P extends { programs: readonly Compiled[] }>(
  device: Device,
  batch: number,
  plan: (batch: number) => P,
): Promise<P & { arena: GPUBuffer }> {
  const attempt = async (batch: number): Promise<P & { arena: GPUBuffer }> => {
    const planned = plan(batch)
    return { ...planned, arena: await createArena(device, planned.programs) }
  }
  try {
    return await attempt(batch)
  } catch (error) {
    if (!isOutOfMemory(error)) throw error
    const most = await largest(batch - 1, async (smaller) => {
      try {
        const { arena } = await attempt(smaller)
        arena.destroy()
        // Freed only once the device has had a turn.
        await workDone(device)
        return true
      } catch (error) {
        if (!isOutOfMemory(error)) throw error
        return false
      }
    })
    const cure =
      most > 0 ? `use a batch of at most ${most}, or smaller images` : 'use smaller images, or a smaller network'
    throw new EngineError('OUT_OF_MEMORY', `${error.message}: ${cure}`, { cause: error })
  }
}

const isOutOfMemory = (error: unknown): error is EngineError =>
  error instanceof EngineError && error.code === 'OUT_OF_MEMORY'

/** The largest batch in 1 … most that fits, where every smaller one does too; 0 where none does. */
async function largest(most: number, fits: (batch: number) => Promise<boolean>): Promise<number> {
  let [fitting, beyond] = [0, most + 1]
  while (beyond - fitting > 1) {
    const middle = Math.floor((fitting + beyond) / 2)
    if (await fits(middle)) fitting = middle
    else beyond = middle
  }
  return fitting
}
