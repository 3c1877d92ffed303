/**
 * The settings of a training run, each told once: its option, its meaning, what it may be. The options of the command line,
 * the keys of a config file and the messages about wrong values all come from this table.
 */
import type { AugmentationInput, TrainSpec } from '@sporeprint/engine'

/** A training run without its place on disk and what a study asks of it; what `augment` names is read when the run is built. */
export type TrainSettings = Omit<TrainSpec, 'data' | 'out' | 'resume' | 'until' | 'restarts' | 'augment'> & {
  augment: AugmentationChoice
}

/** A preset's name, the file of an augmentation, or an augmentation as it stands in a config file. */
export type AugmentationChoice = string | AugmentationInput

export interface Setting {
  /** Its option, in commander's notation. */
  readonly flag: string
  readonly about: string
  /** What it may be, to follow "must be". */
  readonly allowed: string
  readonly accepts: (value: unknown) => boolean
  /** The value of an option's text, not yet checked. */
  readonly fromText: (text: string) => unknown
  /** The text of an option that is given without one. */
  readonly usual?: string
  /** Of a number: the least and the greatest. */
  readonly range?: readonly [number, number]
}

const identity = (text: string): unknown => text

function choice<T extends string>(flag: string, about: string, values: readonly T[]): Setting {
  return {
    flag,
    about,
    allowed: `one of ${values.join(', ')}`,
    accepts: (value) => values.some((known) => known === value),
    fromText: identity,
  }
}

const numeric = (flag: string, about: string, kind: string, min: number, max: number): Setting => ({
  flag,
  about,
  allowed: `${kind} from ${min} to ${max}`,
  range: [min, max],
  accepts: (value) => typeof value === 'number' && value >= min && value <= max,
  // Number('') is 0: an empty text is no number.
  fromText: (text) => (text.trim() === '' ? text : Number(text)),
})

const real = (flag: string, about: string, min: number, max: number): Setting =>
  numeric(flag, about, 'a number', min, max)

function whole(flag: string, about: string, min: number, max: number): Setting {
  const setting = numeric(flag, about, 'a whole number', min, max)
  return { ...setting, accepts: (value) => Number.isInteger(value) && setting.accepts(value) }
}

/** An option without a value. */
const flag = (name: string, about: string): Setting => ({
  flag: name,
  about,
  allowed: 'true or false',
  accepts: (value) => typeof value === 'boolean',
  fromText: (text) => text === 'true',
})

/** One size of `progressive`. */
function isSizeStage(value: unknown): value is TrainSettings['progressive'][number] {
  if (typeof value !== 'object' || value === null) return false
  const { size, epochs, ...rest } = value as Partial<TrainSettings['progressive'][number]>
  const within = (n: unknown, min: number, max: number): boolean =>
    Number.isInteger(n) && Number(n) >= min && Number(n) <= max
  return within(size, 32, 1024) && within(epochs, 1, 10_000) && Object.keys(rest).length === 0
}

/** A setting that may also be none: null in a config file. */
const orNull = (setting: Setting): Setting => ({
  ...setting,
  allowed: `${setting.allowed}, or none`,
  fromText: (text) => (text === 'none' ? null : setting.fromText(text)),
  accepts: (value) => value === null || setting.accepts(value),
})

/** A number that its option may leave out, for `usual`. */
const orUsual = (setting: Setting, usual: number): Setting => ({
  ...setting,
  allowed: `${setting.allowed}; ${usual} where none is given`,
  usual: String(usual),
})

const archs = ['resnet18', 'resnet34', 'resnet50'] as const satisfies TrainSettings['arch'][]
const schedules = [
  'flat_cos',
  'one_cycle',
  'cosine',
  'constant',
  'step',
  'exponential',
  'plateau',
] as const satisfies TrainSettings['schedule'][]
const optimizers = ['adamw', 'sgd', 'nesterov'] as const satisfies TrainSettings['optimizer'][]
const bodyNorms = ['train', 'statistics', 'frozen'] as const satisfies TrainSettings['bodyNorm'][]
const classWeights = ['none', 'balanced'] as const satisfies TrainSettings['classWeights'][]
const heads = ['concat', 'linear'] as const satisfies TrainSettings['head'][]
const samplings = ['shuffle', 'balanced', 'sequential'] as const satisfies TrainSettings['sampling'][]
const monitors = ['validLoss', 'accuracy', 'f1Weighted', 'f1Macro'] as const satisfies TrainSettings['monitor'][]
const precisions = ['f32', 'mixed'] as const satisfies TrainSettings['precision'][]

/** The ranges are those of the API's run configuration; a test holds the two together. */
const trainSettings: { readonly [K in Exclude<keyof TrainSettings, 'shuffle'>]: Setting } = {
  arch: choice('--arch <name>', 'network', archs),
  weights: {
    flag: '--weights <file|name>',
    about: 'weights to start from',
    allowed: 'a file, a name that `weights list` tells, or none',
    accepts: (value) => value === null || (typeof value === 'string' && value !== ''),
    fromText: (text) => (text === 'none' ? null : text),
  },
  size: whole('--size <pixels>', 'side to which images are resized', 32, 1024),
  progressive: {
    flag: '--progressive <size:epochs,…>',
    about: 'smaller sizes to begin with, such as 96:2,128:3',
    allowed: 'sizes from 32 to 1024, each with its number of epochs',
    accepts: (value) => Array.isArray(value) && value.length <= 16 && value.every(isSizeStage),
    fromText: (text) =>
      text.split(',').map((stage) => {
        const [, size, epochs] = /^\s*(\d+):(\d+)\s*$/.exec(stage) ?? []
        return { size: Number(size), epochs: Number(epochs) }
      }),
  },
  batch: whole('--batch <n>', 'images in a step', 1, 4096),
  epochs: whole('--epochs <n>', 'epochs with every layer trainable', 0, 10_000),
  freezeEpochs: whole('--freeze-epochs <n>', 'epochs before them that train the head only', 0, 10_000),
  bodyNorm: choice('--body-norm <policy>', "what the body's batch norms do meanwhile", bodyNorms),
  baseLr: real('--base-lr <rate>', 'highest learning rate', 1e-8, 10),
  lrMult: real('--lr-mult <n>', "the body's first layers train at base-lr / lr-mult", 1, 1e6),
  weightDecay: real('--weight-decay <n>', 'decoupled weight decay', 0, 10),
  decayNorms: flag('--decay-norms', 'batch norms and biases decay too'),
  schedule: choice('--schedule <name>', 'how the learning rate moves', schedules),
  pctStart: real('--pct-start <share>', 'share of a phase at which the schedule turns', 0, 1),
  warmup: real('--warmup <share>', 'share of a phase over which the rate first rises from 0', 0, 1),
  gamma: real('--gamma <n>', 'what step, exponential and plateau multiply the rate by', 0, 1),
  stepEpochs: whole('--step-epochs <n>', 'epochs between two steps of the step schedule', 1, 10_000),
  plateauPatience: whole('--plateau-patience <n>', 'epochs without a better loss that plateau bears', 0, 10_000),
  optimizer: choice('--optimizer <name>', 'optimiser', optimizers),
  momentum: real('--momentum <n>', "AdamW's beta 1, SGD's momentum", 0, 0.9999),
  beta2: real('--beta2 <n>', "AdamW's beta 2", 0, 0.99999),
  epsilon: real('--epsilon <n>', "AdamW's epsilon", 0, 1),
  accumulate: whole('--accumulate <n>', 'batches to an update', 1, 1024),
  clipNorm: orNull(real('--clip-norm <n>', 'greatest norm of all gradients together', 1e-6, 1e6)),
  emaDecay: orNull(real('--ema-decay <n>', 'evaluate and save the mean of weights with this decay', 0, 0.99999)),
  augment: {
    flag: '--augment <name>',
    about: 'what happens to training images',
    allowed: 'none, default, notebook, or a JSON file of an augmentation',
    accepts: (value) => (typeof value === 'string' ? value !== '' : typeof value === 'object' && value !== null),
    fromText: identity,
  },
  mixup: orUsual(real('--mixup [alpha]', 'mix images and labels in pairs (MixUp), by Beta(α, α)', 0, 10), 0.4),
  cutmix: orUsual(real('--cutmix [alpha]', 'paste part of an image into another (CutMix), by Beta(α, α)', 0, 10), 1),
  labelSmoothing: real('--label-smoothing <share>', 'share of the target spread over all classes', 0, 0.99),
  classWeights: choice('--class-weights <name>', 'weights of the classes in the loss', classWeights),
  head: choice('--head <name>', 'classifier on top of the body', heads),
  precision: choice('--precision <name>', 'how activations are stored; mixed halves them', precisions),
  monitor: choice('--monitor <name>', 'what makes an epoch the best one', monitors),
  patience: orNull(whole('--patience <epochs>', 'stop after so many epochs without a better one', 1, 10_000)),
  seed: whole('--seed <n>', 'seed of every random number', 0, 2 ** 31 - 1),
  valid: real('--valid <share>', 'share held out for validation where DIR has no valid/', 0.01, 0.9),
  folds: orNull(whole('--folds <n>', 'cut DIR into so many folds and hold one of them out instead', 2, 1000)),
  fold: whole('--fold <n>', 'which of them, counted from 0', 0, 999),
  sampling: choice('--sampling <name>', 'images of an epoch; balanced draws every class equally often', samplings),
  checkpointEvery: real('--checkpoint-every <minutes>', 'time between checkpoints within an epoch', 0.001, 10_000),
}

/** Every setting with a value, by its camelCase name. */
export const settings: Readonly<Record<string, Setting>> = trainSettings

/** Settings as given, before defaults: only names of TrainSettings. */
export type GivenSettings = Partial<TrainSettings>

/** A run from given settings; what is not given has the defaults, of which two depend on whether there are weights, and one on the schedule. */
export function withDefaults(given: GivenSettings): TrainSettings {
  const pretrained = (given.weights ?? null) !== null
  return {
    arch: 'resnet18',
    weights: null,
    size: 224,
    progressive: [],
    batch: 64,
    epochs: 5,
    freezeEpochs: pretrained ? 1 : 0,
    bodyNorm: 'train',
    baseLr: 2e-3,
    lrMult: pretrained ? 10 : 1,
    weightDecay: 0.01,
    decayNorms: false,
    schedule: 'flat_cos',
    // fastai's.
    pctStart: given.schedule === 'one_cycle' ? 0.3 : 0.75,
    warmup: 0,
    gamma: 0.1,
    stepEpochs: 10,
    plateauPatience: 10,
    optimizer: 'adamw',
    momentum: 0.9,
    beta2: 0.99,
    epsilon: 1e-5,
    accumulate: 1,
    clipNorm: null,
    emaDecay: null,
    augment: 'none',
    mixup: 0,
    cutmix: 0,
    labelSmoothing: 0.1,
    classWeights: 'none',
    head: 'concat',
    precision: 'f32',
    monitor: 'validLoss',
    patience: null,
    seed: 42,
    valid: 0.2,
    folds: null,
    fold: 0,
    shuffle: true,
    sampling: given.shuffle === false ? 'sequential' : 'shuffle',
    checkpointEvery: 10,
    ...given,
  }
}

/** The default of a setting, for people. */
export function describeDefault(name: string): string {
  const [plain, pretrained] = [withDefaults({}), withDefaults({ weights: 'FILE' })].map((run) => {
    const value = Object.entries(run).find(([key]) => key === name)?.[1]
    return value === null || (Array.isArray(value) && value.length === 0) ? 'none' : String(value)
  })
  return plain === pretrained || name === 'weights' ? `${plain}` : `${plain}; with weights ${pretrained}`
}
