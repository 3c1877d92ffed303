import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunConfigInput, Services } from '@sporeprint/api'
import { writeDemoDataset } from './datasets/demo/demo-dataset.ts'
import { exists } from './files.ts'

/** Small enough for a curve within a minute on a software adapter. */
const config: RunConfigInput = { arch: 'resnet18', size: 64, batch: 32, epochs: 5, baseLr: 2e-3 }

const description = 'ResNet-18 from scratch on emoji artwork'

const notes =
  'Started by itself at the first start. The images are emoji of six vendors, one of which is the test set; the network ' +
  'begins with random weights and trains for a few epochs only, to show the whole path rather than a good classifier.'

export interface DemoOptions {
  /** Told before the images are written. */
  onWrite?: (folder: string) => void
  signal?: AbortSignal
}

/** Where the demo images of a data folder are. */
export const demoFolder = (data: string): string => join(data, 'datasets', 'demo')

/**
 * Brings in the demo images and starts a run on them, once in the life of a data folder; null where that was done before.
 * A mark in the folder says so, because a user who deletes the run does not want it back.
 */
export async function startDemo(
  services: Services,
  data: string,
  { onWrite, signal }: DemoOptions = {},
): Promise<{ runId: number; description: string } | null> {
  const folder = demoFolder(data)
  const mark = join(data, 'demo.json')
  if (await exists(mark)) return null
  // The folder is written all or nothing: if it is there, it is whole.
  if (!(await exists(folder))) {
    onWrite?.(folder)
    await writeDemoDataset(folder, { signal })
  }
  const dataset = await services.datasets.import(folder, 'Demo: emoji artwork')
  const run = await services.runs.start({
    datasetId: dataset.id,
    name: `Demo: ${description}`,
    config,
    tags: ['demo'],
    notes,
  })
  await writeFile(mark, `${JSON.stringify({ datasetId: dataset.id, runId: run.id })}\n`)
  return { runId: run.id, description }
}
