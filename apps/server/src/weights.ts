import { resolve } from 'node:path'
import type { AddOptions, StoredWeights, StoreOptions } from '@sporeprint/engine/node'
import Table from 'cli-table3'
import { clock } from './cli/clock.ts'
import { CommandError, UsageError } from './cli/errors.ts'
import type { Io } from './cli/io.ts'
import { stoppable } from './cli/stoppable.ts'
import { loadEngine } from './engine.ts'
import { exists } from './files.ts'

const mebibyte = 2 ** 20

export async function list(io: Io): Promise<void> {
  const { listWeights, registeredWeights, weightsFolder } = await loadEngine()
  const { weights, problems } = await listWeights()
  const registered = registeredWeights.filter(({ name }) => !weights.some((stored) => stored.name === name))
  io.say(`Weights in ${weightsFolder()}:`)
  for (const line of describeStored(weights)) io.say(line)
  for (const { message } of problems) io.log(`Warning: ${message}`)
  io.say('To be fetched by name, with `sporeprint weights add NAME` or `sporeprint train DIR --weights NAME`:')
  for (const { name, source } of registered) io.say(`  ${name} (${source})`)
  io.document({
    folder: weightsFolder(),
    weights: [
      ...weights.map((stored) => ({ ...stored, stored: true })),
      ...registered.map(({ url, ...entry }) => ({ ...entry, source: url, collection: entry.source, stored: false })),
    ],
    problems,
  })
}

function describeStored(weights: readonly StoredWeights[]): string[] {
  if (weights.length === 0) return ['  none yet']
  const rows = weights.map(({ name, arch, bytes, source, preprocessing: { size, interpolation } }) => [
    name,
    arch,
    `${(bytes / mebibyte).toFixed(1)} MiB`,
    `${size} px, ${interpolation}`,
    source ?? '',
  ])
  const table = new Table({ head: ['name', 'network', 'on disk', 'input', 'from'], style: { head: [], border: [] } })
  table.push(...rows)
  return table.toString().split('\n')
}

export type AddWeightsOptions = Pick<AddOptions, 'name' | 'sha256'>

export async function add(io: Io, source: string, options: AddWeightsOptions): Promise<void> {
  const { addWeights } = await loadEngine()
  const stored = await withDownloads(io, (store) => addWeights(source, { ...options, ...store }))
  io.say(`${stored.name}: ${stored.arch} from ${stored.source}, SHA-256 ${stored.sha256}`)
  io.say(`To start from them: sporeprint train DIR --arch ${stored.arch} --weights ${stored.name}`)
  io.document(stored)
}

export async function convert(io: Io, from: string, to: string): Promise<void> {
  const { archOf, readWeightsFile, writeWeightsFile } = await loadEngine()
  if (!to.endsWith('.safetensors')) throw new UsageError(`${to} must end in .safetensors: nothing else is written`)
  if (await exists(to))
    throw new CommandError('OUT_IN_USE', `${to} is there already: choose another name, or remove it`)
  const { tensors, metadata } = await readWeightsFile(from)
  const arch = archOf(tensors)
  await writeWeightsFile(to, { tensors, metadata: { ...metadata, format: 'pt', ...(arch && { arch }) } })
  io.say(`${tensors.size} tensors${arch ? ` of a ${arch}` : ''} in ${to}`)
  io.document({ in: resolve(from), out: resolve(to), arch, tensors: tensors.size })
}

/**
 * The path of the weights that a file or name means (`resolveWeights`), with a progress bar if they are to be downloaded.
 * Ctrl-C stops the download, which goes on from there when it is asked for again.
 */
export async function resolveWeights(io: Io, name: string): Promise<string> {
  const { resolveWeights } = await loadEngine()
  return withDownloads(io, (store) => resolveWeights(name, store))
}

async function withDownloads<T>(io: Io, work: (options: StoreOptions) => Promise<T>): Promise<T> {
  let label = ''
  let first: { at: number; done: number } | undefined
  const words = { stopping: 'Stopping; what has come is kept for the next time.', stopped: 'stopped' }
  return stoppable(io, words, ({ signal, progress }) =>
    work({
      signal,
      onDownload: (name, url) => {
        label = `${name} (MiB)`
        io.log(`Downloading ${name} from ${url}`)
      },
      onProgress: (done, total) => {
        const at = performance.now()
        // A download that goes on counts only what comes now.
        first ??= { at, done }
        const rate = ((done - first.done) / (at - first.at)) * 1000
        progress.update({
          label,
          // Full only when it is.
          done: done === total ? Math.ceil(done / mebibyte) : Math.floor(done / mebibyte),
          total: Math.ceil((total ?? done) / mebibyte),
          detail: rate > 0 ? describeRate(rate, total === null ? null : total - done) : '',
        })
      },
    }),
  )
}

function describeRate(bytesPerSecond: number, left: number | null): string {
  const rate = `${(bytesPerSecond / mebibyte).toFixed(1)} MiB/s`
  return left === null ? rate : `${rate}, ${clock(left / bytesPerSecond)} left`
}
