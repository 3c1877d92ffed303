/** The parts of a run: plain objects without an id of their own. */
import type { ClassificationReport, ClassReport } from '@sporeprint/metrics'
import { builder } from '../../graphql/builder.ts'
import { archs, heads, optimizers, precisions, type RunConfig, schedules } from '../../jobs/contracts.ts'
import type { StartEvent } from '../../jobs/train-events.ts'
import {
  type EpochRow,
  type EvaluationRow,
  type LogRow,
  logLevel,
  metric,
  type RunError,
  type RunProgress,
  type RunSetup,
  runStatus,
  split,
} from './runs.table.ts'
import type { Point, Series } from './series.ts'

export const RunStatus = builder.enumType('RunStatus', {
  description: 'FAILED: the training gave an error. CRASHED: its worker died, more often than runs are retried.',
  values: runStatus.enumValues,
})
export const Arch = builder.enumType('Arch', { values: archs })
const Schedule = builder.enumType('Schedule', { values: schedules })
const Optimizer = builder.enumType('Optimizer', { values: optimizers })
const Head = builder.enumType('Head', { values: heads })
const Precision = builder.enumType('Precision', {
  description:
    'mixed: while training, activations are stored in f16 and the loss is scaled. Needs an adapter with shader-f16.',
  values: precisions,
})
const Phase = builder.enumType('Phase', { values: ['frozen', 'unfrozen'] as const })
const Split = builder.enumType('Split', { values: split.enumValues })
const LogLevel = builder.enumType('LogLevel', { values: logLevel.enumValues })
const ProgressStage = builder.enumType('ProgressStage', { values: ['images', 'pipelines', 'training'] as const })
export const Metric = builder.enumType('Metric', {
  description: 'loss, smoothLoss, learningRate and imagesPerSecond have a point a step; the others one an epoch.',
  values: metric.enumValues,
})

export const RunConfigRef = builder.objectRef<RunConfig>('RunConfig').implement({
  description: 'What the run was asked to do, with every default filled in.',
  fields: (t) => ({
    arch: t.expose('arch', { type: Arch }),
    weights: t.exposeString('weights', { nullable: true, description: 'Weights started from; null: from scratch.' }),
    size: t.exposeInt('size', { description: 'Side of the square input in pixels.' }),
    batch: t.exposeInt('batch'),
    epochs: t.exposeInt('epochs', { description: 'Epochs with every layer trainable, after freezeEpochs.' }),
    freezeEpochs: t.exposeInt('freezeEpochs', { description: 'Epochs in which only the head trains.' }),
    baseLr: t.exposeFloat('baseLr', { description: 'Highest learning rate, reached by the head.' }),
    lrMult: t.exposeFloat('lrMult', { description: 'The body’s first layers train at baseLr / lrMult.' }),
    weightDecay: t.exposeFloat('weightDecay'),
    schedule: t.expose('schedule', { type: Schedule }),
    pctStart: t.exposeFloat('pctStart'),
    optimizer: t.expose('optimizer', { type: Optimizer }),
    labelSmoothing: t.exposeFloat('labelSmoothing'),
    head: t.expose('head', { type: Head }),
    precision: t.expose('precision', { type: Precision }),
    patience: t.exposeInt('patience', { nullable: true, description: 'Epochs without improvement before it stops.' }),
    seed: t.exposeInt('seed'),
    valid: t.exposeFloat('valid', { description: 'Share of images held out where the folder has no valid/.' }),
    shuffle: t.exposeBoolean('shuffle'),
  }),
})

export const RunConfigInput = builder.inputType('RunConfigInput', {
  description: 'Everything may be left out; the defaults are those of the command line.',
  fields: (t) => ({
    arch: t.field({ type: Arch, description: 'Default resnet18.' }),
    weights: t.string({ description: 'A weights file on the worker’s machine. Default null: from scratch.' }),
    size: t.int({ description: '32 to 1024, default 224.' }),
    batch: t.int({ description: '1 to 4096, default 64.' }),
    epochs: t.int({ description: 'Default 5.' }),
    freezeEpochs: t.int({ description: 'Default 1 with weights, 0 without.' }),
    baseLr: t.float({ description: 'Default 0.002.' }),
    lrMult: t.float({ description: 'Default 10 with weights, 1 without.' }),
    weightDecay: t.float({ description: 'Default 0.01.' }),
    schedule: t.field({ type: Schedule, description: 'Default flat_cos.' }),
    pctStart: t.float({ description: '0 to 1, default 0.75.' }),
    optimizer: t.field({ type: Optimizer, description: 'Default adamw.' }),
    labelSmoothing: t.float({ description: 'Default 0.1.' }),
    head: t.field({ type: Head, description: 'Default concat.' }),
    precision: t.field({ type: Precision, description: 'Default f32.' }),
    patience: t.int({ description: 'Default null: never stop early.' }),
    seed: t.int({ description: 'Default 42.' }),
    valid: t.float({ description: '0.01 to 0.9, default 0.2.' }),
    shuffle: t.boolean({ description: 'Default true.' }),
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

const SkippedFile = builder.objectRef<StartEvent['skipped'][number]>('SkippedFile').implement({
  fields: (t) => ({ path: t.exposeString('path'), reason: t.exposeString('reason') }),
})

export const RunSetupRef = builder.objectRef<RunSetup>('RunSetup').implement({
  description: 'What the run found when it started.',
  fields: (t) => ({
    adapter: t.expose('adapter', { type: Adapter }),
    classes: t.exposeStringList('classes'),
    images: t.expose('images', { type: ImageCounts }),
    skipped: t.expose('skipped', { type: [SkippedFile], description: 'Files that could not be read, and why.' }),
    parameters: t.exposeInt('parameters'),
    peakBytes: t.exposeFloat('peakBytes', { description: 'GPU memory planned for a training step.' }),
  }),
})

/** A diverged run's NaN or infinity is stored as it is; JSON has no name for it but null. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

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

const ClassReportRef = builder.objectRef<ClassReport>('ClassReport').implement({
  fields: (t) => ({
    class: t.exposeString('class'),
    precision: t.exposeFloat('precision'),
    recall: t.exposeFloat('recall'),
    f1: t.exposeFloat('f1'),
    count: t.exposeInt('count'),
  }),
})

export const EvaluationRef = builder.objectRef<EvaluationRow>('Evaluation').implement({
  description: 'The report of the run’s best weights on one split, in scikit-learn’s definitions.',
  fields: (t) => {
    const number = (name: 'accuracy' | 'f1Weighted' | 'f1Micro' | 'f1Macro') =>
      t.float({ resolve: ({ report }) => report[name] })
    return {
      split: t.expose('split', { type: Split }),
      n: t.int({ description: 'Images.', resolve: ({ report }) => report.n }),
      loss: t.float({ nullable: true, resolve: ({ report }) => finite(report.loss) }),
      accuracy: number('accuracy'),
      f1Weighted: number('f1Weighted'),
      f1Micro: number('f1Micro'),
      f1Macro: number('f1Macro'),
      byClass: t.field({ type: [ClassReportRef], resolve: ({ report }) => report.byClass }),
      confusion: t.field({
        type: t.listRef(t.listRef('Int')),
        description: 'Rows are actual classes, columns predicted, in the order of byClass.',
        resolve: ({ report }) => report.confusion as ClassificationReport['confusion'],
      }),
    }
  },
})

export const LogLine = builder.objectRef<LogRow>('LogLine').implement({
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    level: t.expose('level', { type: LogLevel }),
    message: t.exposeString('message'),
  }),
})
