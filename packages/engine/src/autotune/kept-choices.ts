/**
 * Choices on disk: one JSON file an adapter in the user's cache folder, for one version of the kernels. Losing it costs a measurement,
 * so whatever is wrong with it is told and passed over.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../gpu/device.ts'
import { type NodeDeviceOptions, openNodeDevice } from '../gpu/node.ts'
import type { ChosenNames } from '../kernels/conv2d/conv2d.variants.ts'
import { writeAtomically } from '../weights/file.ts'
import { Choices, type ChoicesKey, decodeChoices, encodeChoices } from './choices.ts'
import { kernelVersion } from './kernel-version.ts'

export interface TunedDeviceOptions extends NodeDeviceOptions {
  /** Told, in one line, why what is on disk cannot be used. */
  onProblem?: (line: string) => void
}

/** Opens an adapter of Dawn's with the choices that are kept for it. Throws NO_ADAPTER. */
export async function openTunedDevice({ onProblem, ...options }: TunedDeviceOptions = {}): Promise<Device> {
  const device = await openNodeDevice(options)
  device.choices = new Choices(device.target, await readChoices(device, onProblem))
  return device
}

/**
 * Adds a device's choices to those on disk, and returns the file. Others may do so at the same time: the file is read anew and replaced in
 * one rename, so it is always whole. What another writes in between is lost, and measured again some day. Throws DISK.
 */
export async function keepChoices(device: Device): Promise<string> {
  const measured = device.choices?.names
  const key = await keyOf(device)
  const file = choicesFile(key)
  const choices = { ...(await readNames(key)), ...measured }
  await writeAtomically(file, [new TextEncoder().encode(encodeChoices(key, choices))])
  return file
}

/** The choices on disk for a device as it is now: none where there is no file, or one for other kernels. */
export async function readChoices(device: Device, onProblem?: (line: string) => void): Promise<ChosenNames> {
  return readNames(await keyOf(device), onProblem)
}

async function readNames(key: ChoicesKey, onProblem: (line: string) => void = () => {}): Promise<ChosenNames> {
  const file = choicesFile(key)
  try {
    return decodeChoices(key, await readFile(file, 'utf8')) ?? {}
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      onProblem(
        `${file} cannot be used and is ignored: ${(error as Error).message}; \`sporeprint bench tune\` writes it anew`,
      )
    }
    return {}
  }
}

async function keyOf(device: Device): Promise<ChoicesKey> {
  // On Mesa, and with Vulkan in general, the description names driver and version.
  const { vendor, architecture, device: model, description } = device.gpu.adapterInfo
  return { adapter: { vendor, architecture, model, description }, kernels: await kernelVersion(device.target) }
}

function choicesFile({ adapter }: ChoicesKey): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const hash = createHash('sha256').update(JSON.stringify(adapter)).digest('hex').slice(0, 12)
  const readable = `${adapter.vendor} ${adapter.model}`.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return join(cache, 'sporeprint', 'variants', `${readable}-${hash}.json`)
}
