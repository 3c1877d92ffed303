/** What training will see of some images, made by the kernel that training uses. */
import { compile, createArena, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Device } from '../gpu/device.ts'
import { Graph } from '../graph/graph.ts'
import { augment } from '../graph/ops/augment.ts'
import { augmentWords } from '../kernels/augment.ts'
import { imagenetPreprocessing } from '../nn/resnet.ts'
import { type Augmenting, drawBatch } from './batch.ts'
import type { Draw } from './draw.ts'
import { type Mix, mixes } from './mix.ts'

export interface PreviewOptions extends Augmenting {
  /** Side of the network's input, in pixels. */
  size: number
  seed: number
  /** Places of the images in their source. */
  images: readonly number[]
  /** Epochs to show, from the first on. */
  epochs: number
}

export interface PreviewedImage {
  /** Its place in the source. */
  image: number
  epoch: number
  draw: Draw
  /** With which of the previewed images it is mixed, and how. */
  mix: Mix | null
  /** u8 RGBA [size, size, 4]: the network's input, turned back from mean and std. Noise beyond black and white is cut off. */
  pixels: Uint8Array
}

/**
 * Every image in every epoch, by epoch. The images make up one batch, so partners are among them; but for these, each is what training
 * with that seed sees in that epoch.
 */
export async function previewAugmentation(
  device: Device,
  source: ImageSource,
  { size, seed, images, epochs, ...augmenting }: PreviewOptions,
): Promise<PreviewedImage[]> {
  const batch = images.length
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, source.size, source.size], 'u32')
  const draws = graph.io('draws', [batch, augmentWords], 'u32')
  const input = { draws, size, mixes: mixes(augmenting) }
  const x = graph.keep(augment(graph, pixels, input, imagenetPreprocessing, 'f32'))
  const compiled = compile(device, 'augmentation', graph)
  const arena = await createArena(device, [compiled])
  const program = await Program.record(device, compiled, new ParameterStore(device, 0, 0), arena)
  try {
    const bytes = new Uint8Array(batch * source.size ** 2 * 4)
    await source.read(images, bytes)
    program.write(pixels, bytes)
    const labels = images.map((image) => source.labels[image] as number)
    const seen: PreviewedImage[] = []
    for (let epoch = 0; epoch < epochs; epoch++) {
      const sides = { source: source.size, size }
      const drawn = drawBatch(augmenting, sides, { seed, epoch, step: epoch, indices: images, labels })
      program.write(draws, drawn.draws)
      program.run([x])
      const input = new Float32Array(await program.read(x))
      for (const [n, image] of images.entries()) {
        seen.push({
          image,
          epoch,
          draw: drawn.images[n] as Draw,
          mix: drawn.mixes?.[n] ?? null,
          pixels: toPixels(input.subarray(n * size ** 2 * 4, (n + 1) * size ** 2 * 4)),
        })
      }
    }
    return seen
  } finally {
    program.destroy()
    arena.destroy()
  }
}

/** Normalised input [pixels, 4] → u8 RGBA. */
function toPixels(input: Float32Array): Uint8Array {
  const { mean, std } = imagenetPreprocessing
  const out = new Uint8ClampedArray(input.length)
  for (const [i, value] of input.entries()) {
    const channel = i % 4
    out[i] = channel === 3 ? 255 : 255 * (value * (std[channel] as number) + (mean[channel] as number))
  }
  return new Uint8Array(out.buffer)
}
