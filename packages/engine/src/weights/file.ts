import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError } from '../errors.ts'
import { type ByteSource, fileSource } from './byte-source.ts'
import { torchvisionNames } from './names.ts'
import {
  type EncodeOptions,
  encodeSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  type WeightsFile,
} from './safetensors.ts'
import { isTorchCheckpoint, readTorchCheckpoint } from './torch-checkpoint.ts'

/** In a header: SHA-256 over the file as it would be without this entry. */
const checksumKey = 'sporeprint.sha256'

/**
 * Reads a weights file, or `model.safetensors` of a checkpoint folder: safetensors, or a PyTorch checkpoint, of which nothing
 * is executed. Formats are told apart by content, not by name. Tensors have torchvision's names, and f32 values.
 * Throws BAD_WEIGHTS, which calls the file `name`, also where a file of ours is not what its checksum says.
 */
export function readWeightsFile(path: string, name: string = path): Promise<WeightsFile> {
  return withSource(path, name, async (source) => {
    const head = await source.read(0, Math.min(source.size, 9))
    if (isTorchCheckpoint(head)) return { tensors: torchvisionNames(await readTorchCheckpoint(source)), metadata: {} }
    const { tensors, metadata } = checked(await readSafetensors(source), name)
    return { tensors: torchvisionNames(tensors), metadata }
  })
}

/** The metadata of a safetensors file and the shapes of its tensors, without the tensors. Throws BAD_WEIGHTS. */
export function readWeightsHeader(path: string): ReturnType<typeof readSafetensorsHeader> {
  return withSource(path, path, readSafetensorsHeader)
}

async function withSource<T>(path: string, name: string, read: (source: ByteSource) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined
  try {
    file = await open(await insideOf(path), 'r')
    const { size } = await file.stat()
    return await read(fileSource(name, file, size))
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    throw new EngineError('BAD_WEIGHTS', `weights ${name} cannot be read: ${(cause as Error).message}`, { cause })
  } finally {
    await file?.close()
  }
}

/** The file that holds the weights: of a checkpoint folder, its model. */
export const insideOf = async (path: string): Promise<string> =>
  (await stat(path)).isDirectory() ? join(path, 'model.safetensors') : path

/** What was read, less its checksum, which must be right if there is one. */
function checked({ tensors, metadata }: WeightsFile, name: string): WeightsFile {
  const { [checksumKey]: checksum, ...rest } = metadata
  const file = { tensors, metadata: rest }
  if (checksum !== undefined && checksum !== checksumOf(file)) {
    throw new EngineError('BAD_WEIGHTS', `weights ${name} are damaged (their checksum is wrong): use another copy`)
  }
  return file
}

/**
 * Writes a safetensors file so that whoever opens `path` finds the old one or the new one, whole. Its checksum is over the values in
 * F32, as a reader has them: a file of halves, which are rounded, has none.
 */
export async function writeWeightsFile(
  path: string,
  { tensors, metadata }: WeightsFile,
  { half = false }: EncodeOptions = {},
): Promise<void> {
  const checksum = half ? {} : { [checksumKey]: checksumOf({ tensors, metadata }) }
  await writeAtomically(path, encodeSafetensors({ tensors, metadata: { ...metadata, ...checksum } }, { half }))
}

function checksumOf(file: WeightsFile): string {
  const digest = createHash('sha256')
  for (const chunk of encodeSafetensors(file)) digest.update(chunk)
  return digest.digest('hex')
}

/**
 * Writes beside `path`, flushes to disk, and renames over it: when it returns, a loss of power finds the new file. On failure the file
 * that was there stays, and nothing is left behind. Throws DISK with what to do.
 */
export async function writeAtomically(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(temporary, 'wx')
    try {
      for (const chunk of chunks) await writeFully(file, chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true })
    const { code, message } = cause as NodeJS.ErrnoException
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new EngineError(
      'DISK',
      full
        ? `the disk is full: ${path} was not written, and what was there before is intact; free space and go on with --resume`
        : `${path} cannot be written: ${message}`,
      { cause },
    )
  }
}

/** A rename is on disk once its folder is. Windows has no such call. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** `FileHandle.write` may write less than it was given, as it does shortly before a disk is full. */
async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten
}
