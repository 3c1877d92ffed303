import { readFile } from 'node:fs/promises'
import type { Augmentation } from '@sporeprint/engine'
import { errorCode, UsageError } from '../cli/errors.ts'
import type { AugmentationChoice } from './settings.ts'

/**
 * Every number of the augmentation that was chosen by a preset's name, as a JSON file, or as an object of a config file.
 * Throws UsageError, which names the file and the field at fault.
 */
export async function readAugmentation(choice: AugmentationChoice): Promise<Augmentation> {
  const { augmentationPresets, resolveAugmentation } = await import('@sporeprint/engine')
  const file = typeof choice === 'string' && !Object.hasOwn(augmentationPresets, choice) ? choice : null
  const input = file === null ? choice : parse(file, await readText(file, Object.keys(augmentationPresets)))
  try {
    return resolveAugmentation(input)
  } catch (error) {
    if (!(error instanceof Error) || errorCode(error) !== 'BAD_CONFIG') throw error
    throw new UsageError(file === null ? error.message : `${file}: ${error.message}`)
  }
}

async function readText(file: string, presets: readonly string[]): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new UsageError(`${file} is no augmentation: name ${presets.join(', ')}, or a JSON file that can be read`, {
      cause,
    })
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${file}: it must hold one JSON object, an augmentation`, { cause })
  }
}
