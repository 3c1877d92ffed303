/** Small sources of images, and small runs, for tests. */
import { augmentationPresets } from '../augment/augmentation.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { TrainSpec } from './spec.ts'

/** Classes told apart by hue under noise: learnt in a few steps, yet not by one pixel. */
export function colouredSource(perClass: number, size: number, seed = 1): ImageSource {
  const classes = ['red', 'green', 'blue']
  const length = perClass * classes.length
  const labels = Uint32Array.from({ length }, (_, i) => i % classes.length)
  return {
    size,
    length,
    classes,
    labels,
    paths: Array.from(labels, (label, i) => `${classes[label]}/${i}`),
    async read(indices, out) {
      for (let b = 0; b < indices.length; b++) {
        const image = indices[b] as number
        for (let p = 0; p < size * size; p++) {
          const at = (b * size * size + p) * 4
          for (let c = 0; c < 3; c++) {
            const noise = Math.imul((image * 7919 + p) * 3 + c + seed * 104729, 2654435761) >>> 27
            out[at + c] = noise + (c === labels[image] ? 120 : 60)
          }
          out[at + 3] = 255
        }
      }
    },
  }
}

/** Three epochs of ResNet-18 at 32 px. */
export const smallRun = (change: Partial<TrainSpec> & { data: string }): TrainSpec => ({
  arch: 'resnet18',
  weights: null,
  size: 32,
  progressive: [],
  batch: 8,
  epochs: 3,
  freezeEpochs: 0,
  bodyNorm: 'train',
  baseLr: 1e-3,
  lrMult: 1,
  weightDecay: 0.01,
  decayNorms: false,
  schedule: 'flat_cos',
  pctStart: 0.5,
  warmup: 0,
  gamma: 0.1,
  stepEpochs: 10,
  plateauPatience: 10,
  restarts: [],
  optimizer: 'adamw',
  momentum: 0.9,
  beta2: 0.99,
  epsilon: 1e-5,
  accumulate: 1,
  clipNorm: null,
  emaDecay: null,
  labelSmoothing: 0.1,
  classWeights: 'none',
  augment: augmentationPresets.none,
  mixup: 0,
  cutmix: 0,
  head: 'linear',
  precision: 'f32',
  monitor: 'validLoss',
  patience: null,
  seed: 3,
  valid: 0.2,
  folds: null,
  fold: 0,
  shuffle: true,
  sampling: 'shuffle',
  until: null,
  checkpointEvery: 10,
  out: null,
  resume: false,
  ...change,
})
