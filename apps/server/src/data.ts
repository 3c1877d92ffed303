import { writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { FolderReport } from '@sporeprint/engine/node'
import { clock } from './cli/clock.ts'
import type { Io } from './cli/io.ts'
import { stoppable } from './cli/stoppable.ts'
import { onDevice } from './commands/bench-device.ts'
import { checkDataset } from './datasets/check-dataset.ts'
import { type WrittenDataset, writeDemoDataset } from './datasets/demo/demo-dataset.ts'
import { preview } from './datasets/preview.ts'
import { writeSyntheticDataset } from './datasets/synthetic/synthetic-dataset.ts'
import { describePair } from './evaluate/near-duplicates.ts'
import { readAugmentation } from './train/augmentation.ts'
import { type GivenSettings, withDefaults } from './train/settings.ts'

/** Findings of a kind that are named without --debug. */
const namedFindings = 10

/** What the functions of `datasets/` take to show how far they are and to be stopped. */
interface Work {
  onProgress: (done: number, total: number) => void
  signal: AbortSignal
}

/** Does the work with a progress bar; Ctrl-C stops it, and nothing of it is left. */
async function withProgress<T>(io: Io, label: string, work: (options: Work) => Promise<T>): Promise<T> {
  const start = performance.now()
  return stoppable(io, { stopping: 'Stopping.', stopped: 'stopped' }, ({ signal, progress }) =>
    work({
      signal,
      onProgress: (done, total) => {
        const rate = done / ((performance.now() - start) / 1000)
        progress.update({
          label,
          done,
          total,
          detail: `${rate.toFixed(0)} images/s, ${clock((total - done) / rate)} left`,
        })
      },
    }),
  )
}

export async function writeDemo(io: Io, dir: string, options: { size: number }): Promise<void> {
  const written = await withProgress(io, 'Drawing', (work) => writeDemoDataset(dir, { ...options, ...work }))
  tellWritten(io, dir, written, 'Emoji artwork; LICENSES.md names the artists and their terms.')
}

export interface SynthOptions {
  size: number
  count: number
  test: number
  seed: number
}

export async function writeSynthetic(io: Io, dir: string, { count, ...options }: SynthOptions): Promise<void> {
  const written = await withProgress(io, 'Drawing', (work) =>
    writeSyntheticDataset(dir, { ...options, perClass: count, ...work }),
  )
  tellWritten(io, dir, written, 'Synthetic drawings: good for trying things, no measure of a classifier.')
}

function tellWritten(io: Io, dir: string, { classes, images }: WrittenDataset, remark: string): void {
  io.say(`${classes.length} classes, ${images.train} training and ${images.test} test images in ${dir}. ${remark}`)
  io.say(`To train on them: sporeprint train ${dir} --size 64`)
  io.document({ dir, classes, images })
}

export interface PreviewOptions extends GivenSettings {
  count: number
  epochs: number
  out: string
}

/** Writes the contact sheet, on a device of this process. */
export async function previewTraining(io: Io, dir: string, options: PreviewOptions): Promise<void> {
  const { count, epochs, out, ...given } = options
  const { size, seed, mixup, cutmix, augment: choice } = withDefaults(given)
  const augment = await readAugmentation(choice)
  await onDevice(io.log, async (device) => {
    const { png, images } = await withProgress(io, 'Preparing images', (work) =>
      preview(device, { dir, size, seed, augment, mixup, cutmix, count, epochs, ...work }),
    )
    await writeFile(out, png)
    io.say(`${images.length} images in ${epochs} epochs each: ${out}`)
    io.document({ out, augment, mixup, cutmix, images })
  })
}

export async function check(io: Io, dir: string): Promise<void> {
  const report = await withProgress(io, 'Checking', (work) => checkDataset(dir, work))
  for (const line of describeReport(report, io.debug)) io.say(line)
  io.document(report)
}

function describeReport(report: FolderReport, all: boolean): string[] {
  const { root, files, classes, unreadable, duplicates, nearDuplicates, mislabelled, ignored } = report
  const leftAside = Object.values(ignored).reduce((sum, count) => sum + count, 0)
  const clean = unreadable.length + duplicates.length + nearDuplicates.count + mislabelled.length === 0
  return [
    `${relative('', root) || '.'}: ${files} files in ${classes.length} classes${leftAside > 0 ? `, ${leftAside} others left aside` : ''}`,
    ...classes.map(({ class: name, train, valid, test }) => `  ${name}: ${train} train, ${valid} valid, ${test} test`),
    ...findings('unreadable, skipped in training', unreadable, all, ({ path, reason }) => `${path}: ${reason}`),
    ...findings('there more than once', duplicates, all, ({ paths, acrossClasses, acrossSplits }) => {
      const faults = [...(acrossClasses ? ['under two labels'] : []), ...(acrossSplits ? ['in two splits'] : [])]
      return `${paths.join(' = ')}${faults.length > 0 ? ` (${faults.join(' and ')})` : ''}`
    }),
    ...findings(
      'looking alike in two splits or under two labels',
      nearDuplicates.pairs,
      all,
      describePair,
      nearDuplicates.count,
    ),
    ...findings('named as another format', mislabelled, all, ({ path, format }) => `${path} is ${format}`),
    ...(clean ? ['Nothing is wrong with them.'] : []),
  ]
}

/** `count` is how many there are where not all are in `found`. */
function findings<T>(
  title: string,
  found: readonly T[],
  all: boolean,
  describe: (finding: T) => string,
  count = found.length,
): string[] {
  if (count === 0) return []
  const named = all ? found : found.slice(0, namedFindings)
  const rest = count - named.length
  return [
    `${count} ${title}:`,
    ...named.map((finding) => `  ${describe(finding)}`),
    ...(rest > 0 ? [`  and ${rest} more (--debug or --json names them all)`] : []),
  ]
}
