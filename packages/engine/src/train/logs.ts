/** Callbacks that leave something on disk. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeWeightsFile } from '../weights/file.ts'
import type { Callback } from './callbacks.ts'
import { modelMetadata } from './checkpoint.ts'
import { improves, type Monitor } from './monitor.ts'
import type { EpochRecord } from './spec.ts'

/** A line of JSON an epoch, added to what the file has. */
export function jsonlLog(path: string): Callback {
  return {
    async onEpoch(epoch) {
      await mkdir(dirname(path), { recursive: true })
      await appendFile(path, `${JSON.stringify(epoch)}\n`)
    },
  }
}

// biome-ignore format: the order of the columns
const columns = ['epoch', 'phase', 'trainLoss', 'validLoss', 'accuracy', 'f1Weighted', 'f1Micro', 'f1Macro', 'seconds', 'lr'] as const satisfies (keyof EpochRecord)[]

/** A table of the epochs of one fit, columns named as EpochRecord's fields; written anew by each fit. */
export function csvLog(path: string): Callback {
  let begun = false
  const line = (cells: readonly (string | number)[]): string => `${cells.join(',')}\n`
  return {
    async onEpoch(epoch) {
      if (!begun) {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, line(columns))
        begun = true
      }
      await appendFile(path, line(columns.map((column) => epoch[column])))
    },
    onEnd() {
      begun = false
    },
  }
}

/** Keeps the best epoch's model as `folder/model.safetensors`, with all that is needed to use it in its header. */
export function saveBest(folder: string, monitor: Monitor = {}): Callback {
  let best: EpochRecord | null = null
  return {
    async onEpoch(epoch, learner) {
      if (best && !improves(epoch, best, monitor)) return
      best = epoch
      const metadata = modelMetadata(learner.model, learner.size, epoch)
      await writeWeightsFile(join(folder, 'model.safetensors'), { tensors: await learner.stateDict(), metadata })
    },
    onEnd() {
      best = null
    },
  }
}
