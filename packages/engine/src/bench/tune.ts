import { autotune, type TunedPass } from '../autotune/autotune.ts'
import type { AdapterInfo, Device } from '../gpu/device.ts'
import type { Arch } from '../nn/resnet.ts'
import { trainingGraph } from '../train/graphs.ts'
import type { Precision } from '../train/spec.ts'
import type { BenchProgress } from './measure.ts'
import { benchNetwork } from './network.ts'

export interface TuneOptions {
  arch: Arch
  /** Side of the images, in pixels. */
  size: number
  batch: number
  /** How activations are stored: the variants of f16 are measured by themselves. Default f32. */
  precision?: Precision
  /** Timed runs of each variant. Default 7. */
  rounds?: number
  onProgress?: BenchProgress
}

export interface TuneBench {
  adapter: AdapterInfo
  arch: Arch
  size: number
  batch: number
  /** By the medians, of all convolutions of a training step. */
  heuristicMs: number
  chosenMs: number
  passes: TunedPass[]
}

/**
 * Measures the variants of every convolution of a network's training step, and sets `device.choices`; evaluation in batches of the
 * same size has the same forward passes. Expects the device to itself.
 */
export async function tuneTraining(
  device: Device,
  { arch, size, batch, precision = 'f32', rounds, onProgress }: TuneOptions,
): Promise<TuneBench> {
  const options = { optimizer: 'adamw', labelSmoothing: 0, frozen: false, precision } as const
  const { graph } = trainingGraph(benchNetwork(arch), { batch, size }, options)
  const passes = await autotune(device, [graph], {
    again: true,
    ...(rounds && { rounds }),
    ...(onProgress && { onProgress }),
  })
  const total = (which: 'heuristic' | 'chosen'): number =>
    passes.reduce((sum, { count, ...pass }) => sum + count * (pass[which].ms ?? 0), 0)
  return {
    adapter: device.adapter,
    arch,
    size,
    batch,
    heuristicMs: total('heuristic'),
    chosenMs: total('chosen'),
    passes,
  }
}
