/** What a learner is made with. */
import type { Augmentation } from '../augment/augmentation.ts'
import { unchanged } from '../augment/batch.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Sampling } from '../data/sampling.ts'
import { EngineError } from '../errors.ts'
import type { StoreBuffer } from '../graph/tensor.ts'
import type { Frozen } from '../nn/freezing.ts'
import type { ResNet } from '../nn/resnet.ts'
import type { OptimizerName, Precision } from './spec.ts'

export interface LearnerOptions {
  /** Images to learn from; of another size than `trainSize` they are sampled at that. */
  train: ImageSource
  valid: ImageSource
  batch: number
  /** The order of the images in an epoch. Default shuffle: each of them once, in a new order. */
  sampling?: Sampling
  seed?: number
  optimizer?: OptimizerName
  weightDecay?: number
  /** Batch norms and biases decay too, as in PyTorch without parameter groups. Default false, as fastai. */
  decayNorms?: boolean
  labelSmoothing?: number
  /** A weight for each class, as of torch's CrossEntropyLoss; `balancedWeights` makes some. Default null: all count the same. */
  classWeights?: readonly number[] | null
  /** What happens to training images. Default none. */
  augment?: Augmentation
  /** α of MixUp and of CutMix, 0 (default) for not at all. */
  mixup?: number
  cutmix?: number
  /**
   * Side at which the network trains; training images of another size are sampled at this one. Default: that of the validation images.
   */
  trainSize?: number
  /** Of AdamW: β₁, β₂ and ε; fastai's .9, .99 and 1e-5 by default (PyTorch's are .9, .999 and 1e-8). SGD's momentum is β₁. */
  betas?: readonly [number, number]
  epsilon?: number
  /** Batches to an update: as one large batch, in the memory of a small one and of the gradients' sum. Default 1. */
  accumulate?: number
  /** Gradients whose norm together is greater are scaled down to it. Default null: never. */
  clipNorm?: number | null
  /**
   * Keep the exponential mean of weights and running statistics over updates, with this decay (timm's ModelEmaV2): it is what is
   * evaluated, and what `stateDict` reads. Default null.
   */
  emaDecay?: number | null
  /** How activations are stored while training. Evaluation is f32 either way. Default f32. */
  precision?: Precision
  /** Make batch norms' outputs again for the backward pass instead of keeping them: less memory for a little more time. */
  recompute?: boolean
  /** What no phase will learn: memory is planned without it. Default false: everything is to learn. */
  frozen?: Frozen | false
  /**
   * Compute the features of each image once where nothing of the body moves (`frozen` with norms `frozen`), and train and evaluate the
   * head on them, if they fit `mostFeatureBytes`: the same bits. Not for a source whose images differ from read to read. Default true.
   */
  cacheFeatures?: boolean
  /**
   * Measure first which variant of each convolution is fastest, where `device.choices` does not know it yet: half a minute
   * on software adapters. It is left there; on Node, `keepChoices` writes it to disk.
   */
  autotune?: boolean
}

export type LearnerSettings = Required<LearnerOptions>

/** Throws BAD_CONFIG, which names every option that is out of its range. */
export function checkSettings({ accumulate, clipNorm, emaDecay, classWeights }: LearnerSettings, model: ResNet): void {
  const classes = model.classes.length
  const problems = [
    Number.isInteger(accumulate) && accumulate > 0
      ? []
      : `accumulate must be a whole number above 0, not ${accumulate}`,
    clipNorm === null || clipNorm > 0 ? [] : `clipNorm must be above 0, or null, not ${clipNorm}`,
    emaDecay === null || (emaDecay >= 0 && emaDecay < 1) ? [] : `emaDecay must be from 0 to 1, not ${emaDecay}`,
    classWeights === null || classWeights.length === classes
      ? []
      : `classWeights must be ${classes} numbers, one for each class, not ${classWeights.length}`,
  ].flat()
  if (problems.length > 0) throw new EngineError('BAD_CONFIG', problems.join('; '))
}

export function withDefaults(o: LearnerOptions): LearnerSettings {
  return {
    sampling: 'shuffle',
    seed: 42,
    optimizer: 'adamw',
    weightDecay: 0.01,
    decayNorms: false,
    labelSmoothing: 0.1,
    classWeights: null,
    ...unchanged,
    trainSize: o.valid.size,
    betas: [0.9, 0.99],
    epsilon: 1e-5,
    accumulate: 1,
    clipNorm: null,
    emaDecay: null,
    precision: 'f32',
    recompute: false,
    frozen: false,
    cacheFeatures: true,
    autotune: false,
    ...o,
  }
}

/** What a store holds that going on needs, besides the learner's progress. */
export function keptBuffers({
  optimizer,
  precision,
  emaDecay,
}: Pick<LearnerSettings, 'optimizer' | 'precision' | 'emaDecay'>): StoreBuffer[] {
  return [
    'parameters',
    'states',
    'moment1',
    ...(optimizer === 'adamw' ? (['moment2'] as const) : []),
    ...(precision === 'mixed' ? (['lossScale'] as const) : []),
    ...(emaDecay === null ? [] : (['averageParameters', 'averageStates'] as const)),
  ]
}
