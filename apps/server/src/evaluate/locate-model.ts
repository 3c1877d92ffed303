import { basename, dirname, join, resolve } from 'node:path'
import type { RunRecord } from '@sporeprint/engine/node'
import { loadEngine } from '../engine.ts'
import { exists } from '../files.ts'

export interface LocatedModel {
  /** A checkpoint's folder or file, or a raw weights file. */
  path: string
  /** The run that wrote it, if it lies in the folder of one. */
  run: RunRecord | null
}

/** Finds what MODEL means: of the folder of a run its best checkpoint. */
export async function locateModel(name: string): Promise<LocatedModel> {
  const { readRunRecord } = await loadEngine()
  const given = resolve(name)
  if (await exists(join(given, 'best'))) return { path: join(name, 'best'), run: await readRunRecord(given) }
  const folder = basename(given) === 'model.safetensors' ? dirname(given) : given
  const kept = ['best', 'last'].includes(basename(folder))
  return { path: name, run: kept ? await readRunRecord(dirname(folder)) : null }
}
