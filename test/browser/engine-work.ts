/**
 * What a page and Node both do with the engine's core, to be compared: classify images, then take three training steps. It is
 * bundled for the page, so it imports nothing of Node.
 */
import { type Device, type ImageSource, Learner, ResNet, type StepReport } from '@sporeprint/engine'

export interface EngineResult {
  adapter: { name: string; subgroupSize: number | null }
  /** [batch, classes], before training. */
  logits: number[]
  /** The class of the first image. */
  answer: string
  /** Of each training step. */
  losses: number[]
  /** After training, by running statistics. */
  validLoss: number
}

const classes = ['amber', 'moss', 'slate']
const batch = 4
const size = 64
const steps = 3

/** Blurred spots on coloured ground: a pure function of the image's index, in exact integers. */
const spots: ImageSource = {
  size,
  length: steps * batch,
  classes,
  labels: Uint32Array.from({ length: steps * batch }, (_, i) => i % classes.length),
  paths: Array.from({ length: steps * batch }, (_, i) => `spots ${i}`),
  async read(indices, out) {
    for (let b = 0; b < indices.length; b++) {
      const image = indices[b] ?? 0
      for (let p = 0; p < size * size; p++) {
        const dx = (p % size) - ((image * 23) % size)
        const dy = Math.floor(p / size) - ((image * 37) % size)
        const spot = Math.max(0, 160 - Math.floor((dx * dx + dy * dy) / 4))
        const at = (b * size * size + p) * 4
        for (let c = 0; c < 3; c++) {
          const grain = Math.imul((image * 7919 + p) * 3 + c, 2654435761) >>> 27
          out[at + c] = grain + (c === image % classes.length ? 60 + spot : 40)
        }
        out[at + 3] = 255
      }
    }
  },
}

/** A ResNet-18 with the weights of a seed. SGD, so that a rounding in a gradient stays one in the update. */
export async function work(device: Device): Promise<EngineResult> {
  const model = new ResNet({ arch: 'resnet18', classes, head: 'linear' })
  const options = { train: spots, valid: spots, batch, seed: 11, sampling: 'sequential', optimizer: 'sgd' } as const
  const learner = await Learner.create(device, model, options)
  const pixels = new Uint8Array(batch * size * size * 4)
  await spots.read([0, 1, 2, 3], pixels)
  const logits = Array.from(await learner.logits(pixels))
  const first = logits.slice(0, classes.length)
  const answer = classes[first.indexOf(Math.max(...first))] ?? ''

  const losses: number[] = []
  let validLoss = Number.NaN
  const onStep = ({ loss }: StepReport): void => void losses.push(loss)
  for await (const epoch of learner.fit({ epochs: 1, rate: 2e-4, schedule: 'constant', onStep }))
    validLoss = epoch.validLoss
  learner.destroy()
  const { name, subgroupSize } = device.adapter
  return { adapter: { name, subgroupSize }, logits, answer, losses, validLoss }
}
