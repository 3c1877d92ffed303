/** The parts of a run: plain objects without an id of their own. */
import { builder } from '../../graphql/builder.ts'
import { finite } from '../../graphql/finite.ts'
import {
  archs,
  bodyNorms,
  classWeights,
  heads,
  monitors,
  optimizers,
  precisions,
  type RunConfig,
  samplings,
  schedules,
} from '../../jobs/contracts.ts'
import type { SkippedFile, StartEvent } from '../../jobs/train-events.ts'
import { AugmentationInputRef, AugmentationRef } from './augmentation.types.ts'
import {
  type EpochRow,
  type LogRow,
  logLevel,
  metric,
  type RunError,
  type RunProgress,
  type RunSetup,
  runStatus,
} from './runs.table.ts'
import type { Point, Series } from './series.ts'

export const RunStatus = builder.enumType('RunStatus', {
  description:
    'FAILED: the training gave an error. CRASHED: its worker died, more often than runs are retried. PAUSED: the study whose trial it is may let it go on from its checkpoint.',
  values: runStatus.enumValues,
})
export const Arch = builder.enumType('Arch', { values: archs })
const Schedule = builder.enumType('Schedule', { values: schedules })
const Optimizer = builder.enumType('Optimizer', {
  description: 'nesterov: SGD with Nesterov’s momentum.',
  values: optimizers,
})
const BodyNorm = builder.enumType('BodyNorm', {
  description:
    'What batch norms of a frozen body do. train: they learn and their statistics move. statistics: only those move. frozen: nothing does, and the body’s features are computed once.',
  values: bodyNorms,
})
const ClassWeights = builder.enumType('ClassWeights', {
  description: 'balanced: classes count in the loss by the inverse of how many training images they have.',
  values: classWeights,
})
const Monitor = builder.enumType('Monitor', { values: monitors })
const Head = builder.enumType('Head', { values: heads })
const Precision = builder.enumType('Precision', {
  description:
    'mixed: while training, activations are stored in f16 and the loss is scaled. Needs an adapter with shader-f16.',
  values: precisions,
})
const Sampling = builder.enumType('Sampling', {
  description: 'balanced: drawn with replacement, every class equally often.',
  values: samplings,
})
const Phase = builder.enumType('Phase', { values: ['frozen', 'unfrozen'] as const })
const LogLevel = builder.enumType('LogLevel', { values: logLevel.enumValues })
const ProgressStage = builder.enumType('ProgressStage', { values: ['images', 'pipelines', 'training'] as const })
export const Metric = builder.enumType('Metric', {
  description: 'loss, smoothLoss, learningRate and imagesPerSecond have a point a step; the others one an epoch.',
  values: metric.enumValues,
})

const SizeStage = builder.objectRef<RunConfig['progressive'][number]>('SizeStage').implement({
  description: 'So many epochs at a size.',
  fields: (t) => ({ size: t.exposeInt('size'), epochs: t.exposeInt('epochs') }),
})

export const RunConfigRef = builder.objectRef<RunConfig>('RunConfig').implement({
  description: 'What the run was asked to do, with every default filled in.',
  fields: (t) => ({
    arch: t.expose('arch', { type: Arch }),
    weights: t.exposeString('weights', { nullable: true, description: 'Weights started from; null: from scratch.' }),
    size: t.exposeInt('size', { description: 'Side of the square input in pixels.' }),
    progressive: t.expose('progressive', {
      type: [SizeStage],
      description: 'Smaller sizes that the first epochs are trained at; validation is at size throughout.',
    }),
    batch: t.exposeInt('batch'),
    epochs: t.exposeInt('epochs', { description: 'Epochs with every layer trainable, after freezeEpochs.' }),
    freezeEpochs: t.exposeInt('freezeEpochs', { description: 'Epochs in which only the head trains.' }),
    bodyNorm: t.expose('bodyNorm', { type: BodyNorm, description: 'Of the batch norms of the body in freezeEpochs.' }),
    baseLr: t.exposeFloat('baseLr', { description: 'Highest learning rate, reached by the head.' }),
    lrMult: t.exposeFloat('lrMult', { description: 'The body’s first layers train at baseLr / lrMult.' }),
    weightDecay: t.exposeFloat('weightDecay'),
    decayNorms: t.exposeBoolean('decayNorms', { description: 'Batch norms and biases decay too.' }),
    schedule: t.expose('schedule', { type: Schedule }),
    pctStart: t.exposeFloat('pctStart', {
      description: 'Share of a phase at which the schedule turns; .99 in freezeEpochs.',
    }),
    warmup: t.exposeFloat('warmup', { description: 'Share of a phase over which the rate first rises from 0.' }),
    gamma: t.exposeFloat('gamma', { description: 'What step, exponential and plateau multiply the rate by.' }),
    stepEpochs: t.exposeInt('stepEpochs', { description: 'Epochs between two steps of the step schedule.' }),
    plateauPatience: t.exposeInt('plateauPatience', {
      description: 'Epochs without a better loss that plateau bears.',
    }),
    optimizer: t.expose('optimizer', { type: Optimizer }),
    momentum: t.exposeFloat('momentum', { description: 'AdamW’s β₁, SGD’s momentum.' }),
    beta2: t.exposeFloat('beta2', { description: 'AdamW’s β₂.' }),
    epsilon: t.exposeFloat('epsilon', { description: 'AdamW’s ε.' }),
    accumulate: t.exposeInt('accumulate', { description: 'Batches to an update.' }),
    clipNorm: t.exposeFloat('clipNorm', { nullable: true, description: 'Greatest norm of all gradients; null: any.' }),
    emaDecay: t.exposeFloat('emaDecay', {
      nullable: true,
      description: 'Decay of the mean of weights that is evaluated and saved; null: the weights themselves.',
    }),
    labelSmoothing: t.exposeFloat('labelSmoothing'),
    classWeights: t.expose('classWeights', { type: ClassWeights }),
    augmentation: t.expose('augmentation', { type: AugmentationRef }),
    mixup: t.exposeFloat('mixup', { description: 'α of MixUp; 0: images are not mixed.' }),
    cutmix: t.exposeFloat('cutmix', { description: 'α of CutMix; 0: images are not cut.' }),
    head: t.expose('head', { type: Head }),
    precision: t.expose('precision', { type: Precision }),
    monitor: t.expose('monitor', { type: Monitor, description: 'What makes an epoch the best one.' }),
    patience: t.exposeInt('patience', { nullable: true, description: 'Epochs without improvement before it stops.' }),
    seed: t.exposeInt('seed'),
    valid: t.exposeFloat('valid', { description: 'Share of images held out where the folder has no valid/.' }),
    folds: t.exposeInt('folds', { nullable: true, description: 'Cross-validation: folds of which one is held out.' }),
    fold: t.exposeInt('fold', { description: 'The fold held out, from 0.' }),
    shuffle: t.exposeBoolean('shuffle', { description: 'Validation images are drawn by the seed, not by name.' }),
    sampling: t.expose('sampling', { type: Sampling }),
    checkpointEvery: t.exposeFloat('checkpointEvery', { description: 'Minutes between checkpoints within an epoch.' }),
  }),
})

const SizeStageInput = builder.inputType('SizeStageInput', {
  fields: (t) => ({
    size: t.int({ required: true, description: '32 to 1024, at most the run’s size.' }),
    epochs: t.int({ required: true }),
  }),
})

export const RunConfigInput = builder.inputType('RunConfigInput', {
  description: 'Everything may be left out; the defaults are those of the command line.',
  fields: (t) => ({
    arch: t.field({ type: Arch, description: 'Default resnet18.' }),
    weights: t.string({
      description:
        'A weights file on the worker’s machine, or a name such as resnet18, which the worker fetches. Default null: from scratch.',
    }),
    size: t.int({ description: '32 to 1024, default 224.' }),
    progressive: t.field({ type: [SizeStageInput], description: 'Default none.' }),
    batch: t.int({ description: '1 to 4096, default 64.' }),
    epochs: t.int({ description: 'Default 5.' }),
    freezeEpochs: t.int({ description: 'Default 1 with weights, 0 without.' }),
    bodyNorm: t.field({ type: BodyNorm, description: 'Default train.' }),
    baseLr: t.float({ description: 'Default 0.002.' }),
    lrMult: t.float({ description: 'Default 10 with weights, 1 without.' }),
    weightDecay: t.float({ description: 'Default 0.01.' }),
    decayNorms: t.boolean({ description: 'Default false.' }),
    schedule: t.field({ type: Schedule, description: 'Default flat_cos.' }),
    pctStart: t.float({ description: '0 to 1, default 0.75, and 0.3 for one_cycle.' }),
    warmup: t.float({ description: '0 to 1, default 0.' }),
    gamma: t.float({ description: '0 to 1, default 0.1.' }),
    stepEpochs: t.int({ description: 'Default 10.' }),
    plateauPatience: t.int({ description: 'Default 10.' }),
    optimizer: t.field({ type: Optimizer, description: 'Default adamw.' }),
    momentum: t.float({ description: 'Default 0.9.' }),
    beta2: t.float({ description: 'Default 0.99.' }),
    epsilon: t.float({ description: 'Default 0.00001.' }),
    accumulate: t.int({ description: '1 to 1024, default 1.' }),
    clipNorm: t.float({ description: 'Default null: gradients are not clipped.' }),
    emaDecay: t.float({ description: 'Default null: weights are not averaged.' }),
    labelSmoothing: t.float({ description: 'Default 0.1.' }),
    classWeights: t.field({ type: ClassWeights, description: 'Default none.' }),
    augmentation: t.field({ type: AugmentationInputRef, description: 'Default none.' }),
    mixup: t.float({ description: 'α of MixUp, 0 to 10, usually 0.4. Default 0: none.' }),
    cutmix: t.float({ description: 'α of CutMix, 0 to 10, usually 1. Default 0: none.' }),
    head: t.field({ type: Head, description: 'Default concat.' }),
    precision: t.field({ type: Precision, description: 'Default f32.' }),
    monitor: t.field({ type: Monitor, description: 'Default validLoss.' }),
    patience: t.int({ description: 'Default null: never stop early.' }),
    seed: t.int({ description: 'Default 42.' }),
    valid: t.float({ description: '0.01 to 0.9, default 0.2.' }),
    folds: t.int({ description: '2 to 1000; default null: a share is held out instead.' }),
    fold: t.int({ description: 'From 0, default 0.' }),
    shuffle: t.boolean({ description: 'Default true.' }),
    sampling: t.field({ type: Sampling, description: 'Default shuffle; sequential where shuffle is false.' }),
    checkpointEvery: t.float({ description: 'Minutes, default 10.' }),
  }),
})

export const RunErrorRef = builder.objectRef<RunError>('RunError').implement({
  fields: (t) => ({
    code: t.exposeString('code', { description: 'For programs: WORKER_LOST, or the engine’s own code.' }),
    message: t.exposeString('message'),
  }),
})

export const ProgressRef = builder.objectRef<RunProgress>('Progress').implement({
  description: 'Where a run stands: decoding images, compiling pipelines, then training.',
  fields: (t) => ({
    stage: t.expose('stage', { type: ProgressStage }),
    done: t.exposeInt('done', { description: 'Of this stage, of `total`.' }),
    total: t.exposeInt('total'),
    epoch: t.exposeInt('epoch', { nullable: true }),
    step: t.int({ nullable: true, resolve: (p) => (p.stage === 'training' ? p.done : null) }),
    steps: t.int({ nullable: true, resolve: (p) => (p.stage === 'training' ? p.total : null) }),
    imagesPerSecond: t.exposeFloat('imagesPerSecond', { nullable: true }),
    secondsLeft: t.exposeFloat('secondsLeft', { nullable: true }),
  }),
})

const Adapter = builder.objectRef<StartEvent['adapter']>('Adapter').implement({
  description: 'The WebGPU adapter that trains.',
  fields: (t) => ({
    name: t.exposeString('name'),
    vendor: t.exposeString('vendor'),
    software: t.exposeBoolean('software'),
  }),
})

const ImageCounts = builder.objectRef<StartEvent['images']>('ImageCounts').implement({
  fields: (t) => ({ train: t.exposeInt('train'), valid: t.exposeInt('valid'), test: t.exposeInt('test') }),
})

export const SkippedFileRef = builder.objectRef<SkippedFile>('SkippedFile').implement({
  fields: (t) => ({ path: t.exposeString('path'), reason: t.exposeString('reason') }),
})

export const RunSetupRef = builder.objectRef<RunSetup>('RunSetup').implement({
  description: 'What the run found when it started.',
  fields: (t) => ({
    adapter: t.expose('adapter', { type: Adapter }),
    classes: t.exposeStringList('classes'),
    images: t.expose('images', { type: ImageCounts }),
    skipped: t.expose('skipped', { type: [SkippedFileRef], description: 'Files that could not be read, and why.' }),
    parameters: t.exposeInt('parameters'),
    peakBytes: t.exposeFloat('peakBytes', { description: 'GPU memory planned for a training step.' }),
  }),
})

export const EpochRef = builder.objectRef<EpochRow>('Epoch').implement({
  description: 'One line of the table; null where a value is not finite.',
  fields: (t) => {
    const number = (name: Exclude<keyof EpochRow, 'phase'>) =>
      t.float({ nullable: true, resolve: (epoch) => finite(epoch[name]) })
    return {
      epoch: t.exposeInt('epoch', { description: 'From 0 over both phases.' }),
      phase: t.expose('phase', { type: Phase }),
      step: t.exposeInt('step', { description: 'Its last step.' }),
      trainLoss: number('trainLoss'),
      validLoss: number('validLoss'),
      accuracy: number('accuracy'),
      f1Weighted: number('f1Weighted'),
      f1Micro: number('f1Micro'),
      f1Macro: number('f1Macro'),
      seconds: t.exposeFloat('seconds'),
      learningRate: number('learningRate'),
    }
  },
})

const PointRef = builder.objectRef<Point>('Point').implement({
  fields: (t) => ({
    step: t.exposeInt('step'),
    value: t.float({ nullable: true, description: 'null where not finite.', resolve: (p) => finite(p.value) }),
  }),
})

export const SeriesRef = builder.objectRef<Series>('Series').implement({
  description: 'A metric over steps. Of more points than asked for, the lowest and highest of each stretch are kept.',
  fields: (t) => ({
    metric: t.expose('metric', { type: Metric }),
    points: t.field({
      type: [PointRef],
      // A list that maxPoints bounds and that costs no query of its own.
      complexity: { field: 1, multiplier: 10 },
      resolve: (series) => series.points,
    }),
    total: t.exposeInt('total', { description: 'Points in the stretch asked for, before thinning out.' }),
    lastStep: t.exposeInt('lastStep', { nullable: true, description: 'Ask on from here with sinceStep.' }),
  }),
})

export const LogLine = builder.objectRef<LogRow>('LogLine').implement({
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    level: t.expose('level', { type: LogLevel }),
    message: t.exposeString('message'),
  }),
})
