/**
 * Weights by name: `NAME.safetensors` in the folder `weights` of the cache, each with the network it is of, where it came
 * from, the SHA-256 of that file and its preprocessing in the header. What is not there comes from a file, an address or
 * the registry, is verified, and is converted; nothing is downloaded that was not asked for by name.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { defaultCacheDir } from '../data/pixel-cache.ts'
import { EngineError } from '../errors.ts'
import { type Arch, archs } from '../nn/resnet.ts'
import { archOf } from './arch.ts'
import { type DownloadOptions, download } from './download.ts'
import { insideOf, readWeightsFile, readWeightsHeader, writeWeightsFile } from './file.ts'
import { withLock } from './file-lock.ts'
import { preprocessingMetadata, readPreprocessing, type WeightsPreprocessing } from './preprocessing.ts'
import { defaultWeights, type RegisteredWeights, registry as wellKnown } from './registry.ts'

export interface StoreOptions extends Pick<DownloadOptions, 'onProgress' | 'signal'> {
  /** Default: `sporeprint` in $XDG_CACHE_HOME or ~/.cache. */
  cacheDir?: string | undefined
  /** Where names that are not in the store are looked up. Default: the well-known weights of torchvision and timm. */
  registry?: readonly RegisteredWeights[]
  /** Called before a download begins. */
  onDownload?: ((name: string, url: string) => void) | undefined
  /** How patient a download is. */
  patience?: Pick<DownloadOptions, 'stallMs' | 'retries' | 'retryDelayMs'>
}

export interface AddOptions extends StoreOptions {
  /** Default: the registry's name, or the file's without its extension. */
  name?: string | undefined
  /** What the file's SHA-256 must be, or begin with: 8 to 64 hexadecimal digits. */
  sha256?: string | undefined
}

export interface StoredWeights {
  name: string
  path: string
  /** On disk. */
  bytes: number
  arch: Arch
  /** The file or address it came from, and that file's SHA-256; null where the header does not say. */
  source: string | null
  sha256: string | null
  preprocessing: WeightsPreprocessing
}

export const weightsFolder = (cacheDir: string = defaultCacheDir()): string => join(cacheDir, 'weights')

/** The path of the weights that `name` means: a file or checkpoint folder that exists, else `weightsByName`. */
export async function resolveWeights(name: string, options: StoreOptions = {}): Promise<string> {
  return (await exists(name)) ? resolve(name) : weightsByName(name, options)
}

/**
 * The path of the weights called `name`: of the store's, else of registered ones, which are downloaded into the store first.
 * A network's own name means torchvision's default for it. Throws BAD_WEIGHTS with names close to it where there are none,
 * and what `addWeights` throws.
 */
export async function weightsByName(name: string, options: StoreOptions = {}): Promise<string> {
  const { cacheDir, registry = wellKnown } = options
  if (isName(name)) {
    for (const known of [name, fullName(name)]) {
      const path = pathOf(known, cacheDir)
      if (await exists(path)) return path
    }
    const entry = registry.find((entry) => entry.name === fullName(name))
    // By its address: a name may be that of a file, too.
    if (entry) return (await addWeights(entry.url, options)).path
  }
  throw await unknownWeights(name, options)
}

/**
 * Takes weights into the store from a file, an address or the registry. Throws BAD_WEIGHTS where they are no ResNet's or not
 * the expected file, BAD_CONFIG where the name is taken or none, DOWNLOAD, DISK, BUSY and ABORTED.
 */
export async function addWeights(source: string, options: AddOptions = {}): Promise<StoredWeights> {
  const { cacheDir, registry = wellKnown } = options
  const local = await exists(source)
  const entry = registry.find(({ name, url }) => url === source || (!local && name === fullName(source)))
  const url = entry?.url ?? (!local && /^[a-z]+:\/\//i.test(source) ? source : null)
  if (url === null && !local) throw await unknownWeights(source, options)
  const name = options.name ?? entry?.name ?? nameOf(url === null ? source : withoutQuery(url))
  if (!isName(name))
    throw new EngineError('BAD_CONFIG', `weights cannot be called ${name}: name them, by letters, digits and . _ -`)
  const expected = expectedHash(options.sha256) ?? entry?.sha256
  const path = pathOf(name, cacheDir)
  await mkdir(weightsFolder(cacheDir), { recursive: true }).catch((cause: Error) => {
    throw new EngineError('DISK', `the folder ${weightsFolder(cacheDir)} cannot be made: ${cause.message}`, { cause })
  })
  return withLock(`${path}.lock`, `the weights ${name}`, async () => {
    if (await exists(path)) return already(name, path, expected)
    if (url === null) {
      const { file, sha256 } = await readLocal(source)
      if (expected !== undefined && !sha256.startsWith(expected))
        throw new EngineError(
          'BAD_WEIGHTS',
          `${source} is not the expected file: its SHA-256 is ${sha256}, not ${expected}`,
        )
      return convert(name, path, { file, origin: file, sha256 }, registry)
    }
    const file = join(weightsFolder(cacheDir), `${name}.download`)
    options.onDownload?.(name, url)
    const { onProgress, signal, patience } = options
    const { sha256 } = await download(url, file, { ...patience, onProgress, signal, sha256: expected })
    try {
      return await convert(name, path, { file, origin: withoutQuery(url), sha256 }, registry)
    } finally {
      await rm(file, { force: true })
    }
  })
}

/** What the store holds, by name. Files that are no weights, or damaged, come as problems. */
export async function listWeights(
  cacheDir?: string,
): Promise<{ weights: StoredWeights[]; problems: { path: string; message: string }[] }> {
  const weights: StoredWeights[] = []
  const problems: { path: string; message: string }[] = []
  for (const name of await storedNames(cacheDir)) {
    const path = pathOf(name, cacheDir)
    try {
      weights.push(await describe(name, path))
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      problems.push({ path, message: error.message })
    }
  }
  return { weights, problems }
}

interface Original {
  file: string
  /** Where it came from. */
  origin: string
  sha256: string
}

/** The original as safetensors with all that is known of it, under its name in the store. */
async function convert(
  name: string,
  path: string,
  { file, origin, sha256 }: Original,
  registry: readonly RegisteredWeights[],
): Promise<StoredWeights> {
  const { tensors, metadata } = await readWeightsFile(file, origin)
  const arch = archOf(tensors)
  if (arch === null)
    throw new EngineError('BAD_WEIGHTS', `${origin} holds no ${archs.join(', ')} with torchvision's names and shapes`)
  // A file that someone has brought may be a registered one: its hash tells.
  const known = registry.find((entry) => entry.arch === arch && sha256.startsWith(entry.sha256))
  const about = { format: 'pt', producer: 'sporeprint', arch, source: known?.url ?? origin, sha256 }
  const input = known ? preprocessingMetadata(known.preprocessing) : {}
  await writeWeightsFile(path, { tensors, metadata: { ...metadata, ...about, ...input } })
  return describe(name, path)
}

async function describe(name: string, path: string): Promise<StoredWeights> {
  const { metadata, tensors } = await readWeightsHeader(path)
  const arch = archOf(tensors)
  if (arch === null) throw new EngineError('BAD_WEIGHTS', `${path} holds no ${archs.join(', ')}`)
  const { source = null, sha256 = null } = metadata
  const preprocessing = readPreprocessing(metadata, path)
  return { name, path, bytes: (await stat(path)).size, arch, source, sha256, preprocessing }
}

/** Adding the same file twice is no fault; another under its name is. */
async function already(name: string, path: string, expected: string | undefined): Promise<StoredWeights> {
  const stored = await describe(name, path)
  if (expected !== undefined && stored.sha256?.startsWith(expected)) return stored
  throw new EngineError(
    'BAD_CONFIG',
    `there are weights called ${name} already, from ${stored.source ?? 'an unknown file'}: choose another name, or delete ${path}`,
  )
}

function expectedHash(sha256: string | undefined): string | undefined {
  if (sha256 === undefined || /^[\da-f]{8,64}$/i.test(sha256)) return sha256?.toLowerCase()
  throw new EngineError(
    'BAD_CONFIG',
    `${sha256} is no SHA-256: it has 64 hexadecimal digits, of which the first 8 will do`,
  )
}

async function readLocal(source: string): Promise<{ file: string; sha256: string }> {
  try {
    const file = resolve(await insideOf(source))
    const hash = createHash('sha256')
    await pipeline(createReadStream(file), hash)
    return { file, sha256: hash.digest('hex') }
  } catch (cause) {
    throw new EngineError('BAD_WEIGHTS', `weights ${source} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

const fullName = (name: string): string => (Object.hasOwn(defaultWeights, name) ? defaultWeights[name as Arch] : name)

/** Never a path: a name goes into the store's folder and nowhere else. */
const isName = (name: string): boolean => /^[A-Za-z\d][\w.-]{0,99}$/.test(name) && name !== 'none'

const nameOf = (source: string): string => basename(source).replace(/\.(pth|pt|bin|safetensors)$/i, '')

/** What follows a ? may be a password. */
const withoutQuery = (url: string): string => url.replace(/[?#].*$/, '')

const pathOf = (name: string, cacheDir: string | undefined): string =>
  join(weightsFolder(cacheDir), `${name}.safetensors`)

async function storedNames(cacheDir: string | undefined): Promise<string[]> {
  const files = await readdir(weightsFolder(cacheDir)).catch(() => [])
  return files.flatMap((file) => (file.endsWith('.safetensors') ? [file.slice(0, -'.safetensors'.length)] : [])).sort()
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function unknownWeights(name: string, { cacheDir, registry = wellKnown }: StoreOptions): Promise<EngineError> {
  const known = [...(await storedNames(cacheDir)), ...registry.map((entry) => entry.name), ...archs]
  return new EngineError(
    'BAD_WEIGHTS',
    `there is no file ${name}, and no weights are known by that name; the closest are ${closest(name, [...new Set(known)]).join(', ')}`,
  )
}

/** The three names that differ least. */
function closest(name: string, names: readonly string[]): string[] {
  const distances = names.map((known) => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) }))
  return distances
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ known }) => known)
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
