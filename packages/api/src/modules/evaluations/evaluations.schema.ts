/** What a model is worth on a split, in the names of @sporeprint/metrics. */
import type {
  Calibration,
  ClassificationReport,
  ClassReport,
  ConfusedPair,
  EvaluatedSample,
  Evaluation,
  ScoreName,
  SliceReport,
} from '@sporeprint/metrics'
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { finite } from '../../graphql/finite.ts'
import { JobRef, RunRef } from '../../graphql/refs.ts'
import type { NearDuplicate } from '../../jobs/contracts.ts'
import { fullEvaluation } from './evaluations.service.ts'
import { type EvaluationRow, split } from './evaluations.table.ts'

export const Split = builder.enumType('Split', { values: split.enumValues })

type Interval = Evaluation['scores'][ScoreName]

const IntervalRef = builder.objectRef<Interval>('Interval').implement({
  description: 'An estimate with its interval, at the level of the evaluation; null where undefined.',
  fields: (t) => {
    const number = (name: 'value' | 'low' | 'high') =>
      t.float({ nullable: true, resolve: (interval) => finite(interval[name]) })
    return { value: number('value'), low: number('low'), high: number('high') }
  },
})

/** In the order in which they are shown: a stored object has none. */
const scoreNames = [
  'accuracy',
  'balancedAccuracy',
  'f1Weighted',
  'f1Micro',
  'f1Macro',
  'cohenKappa',
  'matthews',
] as const satisfies ScoreName[]

interface Score {
  name: string
  interval: Interval
}

const ScoreRef = builder.objectRef<Score>('Score').implement({
  description:
    'A score of the whole split: accuracy, balancedAccuracy, f1Weighted, f1Micro, f1Macro, cohenKappa, matthews.',
  fields: (t) => ({
    name: t.exposeString('name'),
    interval: t.field({ type: IntervalRef, resolve: ({ interval }) => interval }),
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

const EvaluatedSampleRef = builder.objectRef<EvaluatedSample>('EvaluatedSample').implement({
  description: 'One image and what was said of it.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'In the dataset.' }),
    actual: t.exposeString('actual'),
    predicted: t.exposeString('predicted'),
    loss: t.float({ nullable: true, resolve: ({ loss }) => finite(loss) }),
    confidence: t.float({
      nullable: true,
      description: 'Probability of the predicted class.',
      resolve: ({ confidence }) => finite(confidence),
    }),
    probability: t.float({
      nullable: true,
      description: 'Probability of the actual class.',
      resolve: ({ probability }) => finite(probability),
    }),
    thumbnail: t.exposeString('thumbnail', { nullable: true, description: 'The image, small, as a data URL.' }),
  }),
})

const ConfusedPairRef = builder.objectRef<ConfusedPair>('ConfusedPair').implement({
  description: 'A class, and what it was taken for.',
  fields: (t) => ({
    actual: t.exposeString('actual'),
    predicted: t.exposeString('predicted'),
    count: t.exposeInt('count'),
    images: t.expose('images', {
      type: [EvaluatedSampleRef],
      description: 'The worst of its images, the worst first: at most three, small pictures of the first pairs alone.',
    }),
  }),
})

const ReliabilityBinRef = builder.objectRef<Calibration['bins'][number]>('ReliabilityBin').implement({
  description: 'The images whose confidence lies from low to high.',
  fields: (t) => ({
    low: t.exposeFloat('low'),
    high: t.exposeFloat('high'),
    count: t.exposeInt('count'),
    confidence: t.float({
      nullable: true,
      description: 'Mean; null for an empty bin.',
      resolve: (b) => finite(b.confidence),
    }),
    accuracy: t.float({ nullable: true, description: 'null for an empty bin.', resolve: (b) => finite(b.accuracy) }),
  }),
})

const CalibrationRef = builder.objectRef<Evaluation>('Calibration').implement({
  description: 'Whether it is right as often as it says.',
  fields: (t) => ({
    bins: t.field({ type: [ReliabilityBinRef], resolve: ({ calibration }) => calibration.bins }),
    ece: t.float({
      nullable: true,
      description: 'Expected calibration error.',
      resolve: ({ calibration }) => finite(calibration.ece),
    }),
    mce: t.float({
      nullable: true,
      description: 'The largest gap of a bin.',
      resolve: ({ calibration }) => finite(calibration.mce),
    }),
    temperature: t.float({
      nullable: true,
      description: 'What logits would be divided by to be calibrated on this split.',
      resolve: ({ temperature }) => finite(temperature),
    }),
  }),
})

const SliceRef = builder.objectRef<SliceReport>('Slice').implement({
  description: 'A part of the split, cut by a property of its images.',
  fields: (t) => ({
    by: t.exposeString('by', { description: 'folder, size, brightness.' }),
    key: t.exposeString('key'),
    n: t.exposeInt('n'),
    loss: t.float({ nullable: true, resolve: ({ loss }) => finite(loss) }),
    accuracy: t.field({ type: IntervalRef, resolve: ({ accuracy }) => accuracy }),
  }),
})

const ComparedImageRef = builder.objectRef<NearDuplicate['first']>('ComparedImage').implement({
  fields: (t) => ({
    path: t.exposeString('path', { description: 'In the dataset.' }),
    class: t.exposeString('class'),
    split: t.expose('split', { type: Split }),
  }),
})

const NearDuplicateRef = builder.objectRef<NearDuplicate>('NearDuplicate').implement({
  description: 'Two images in different splits that are nearly the same: they fake a good score.',
  fields: (t) => ({
    distance: t.exposeInt('distance', { description: 'Bits in which their perceptual hashes differ.' }),
    first: t.field({ type: ComparedImageRef, resolve: ({ first }) => first }),
    second: t.field({ type: ComparedImageRef, resolve: ({ second }) => second }),
  }),
})

const ScoresWithout = builder.objectRef<ClassificationReport>('ScoresWithoutNearDuplicates').implement({
  fields: (t) => ({
    n: t.exposeInt('n'),
    accuracy: t.exposeFloat('accuracy'),
    f1Weighted: t.exposeFloat('f1Weighted'),
    f1Macro: t.exposeFloat('f1Macro'),
  }),
})

export const EvaluationRef = builder.objectRef<EvaluationRow>('Evaluation').implement({
  description:
    'The run’s best weights on one split, without augmentation, in scikit-learn’s definitions. What is null or empty comes with `evaluate`, which each run that succeeds is followed by.',
  fields: (t) => {
    const number = (name: 'accuracy' | 'f1Weighted' | 'f1Micro' | 'f1Macro') =>
      t.float({ resolve: ({ report }) => report[name] })
    const maybe = (description: string, read: (evaluation: Evaluation) => number | null) =>
      t.float({
        nullable: true,
        description,
        resolve: (row) => {
          const evaluation = fullEvaluation(row)
          return evaluation && finite(read(evaluation))
        },
      })
    return {
      split: t.expose('split', { type: Split }),
      epoch: t.exposeInt('epoch', { nullable: true, description: 'Of the weights; null for the run’s own report.' }),
      calibratedBy: t.exposeFloat('calibratedBy', {
        nullable: true,
        description:
          'What logits were divided by beforehand: the temperature of the calibration that the weights had; null where they had none.',
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime' }),
      n: t.int({ description: 'Images.', resolve: ({ report }) => report.n }),
      loss: t.float({
        nullable: true,
        description:
          'Mean −ln p of the label, of the calibrated weights where they are; a training’s is of the plain ones.',
        resolve: ({ report }) => finite(report.loss),
      }),
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
      level: maybe('Of all intervals, such as 0.95.', ({ level }) => level),
      scores: t.field({
        type: [ScoreRef],
        resolve: (row) => {
          const { scores } = fullEvaluation(row) ?? {}
          return scores ? scoreNames.map((name): Score => ({ name, interval: scores[name] })) : []
        },
      }),
      logLoss: maybe('Mean −ln p of the label, in nats, without label smoothing or weights.', (e) => e.logLoss),
      brier: maybe('Mean squared distance of the probabilities from the label.', (e) => e.brier),
      rocAuc: maybe('One class against the others, macro-averaged.', (e) => e.rocAuc),
      averagePrecision: maybe('One class against the others, macro-averaged.', (e) => e.averagePrecision),
      topK: t.floatList({
        description: 'Top-k accuracy for each k from 1.',
        resolve: (row) => fullEvaluation(row)?.topK ?? [],
      }),
      calibration: t.field({ type: CalibrationRef, nullable: true, resolve: fullEvaluation }),
      mostConfused: t.field({ type: [ConfusedPairRef], resolve: (row) => fullEvaluation(row)?.mostConfused ?? [] }),
      topLosses: t.field({
        type: [EvaluatedSampleRef],
        description: 'The worst images, the worst first.',
        resolve: (row) => fullEvaluation(row)?.topLosses ?? [],
      }),
      bottomLosses: t.field({
        type: [EvaluatedSampleRef],
        description: 'The best images, the best first.',
        resolve: (row) => fullEvaluation(row)?.bottomLosses ?? [],
      }),
      nearDuplicates: t.field({
        type: [NearDuplicateRef],
        description: 'Pairs with an image of this split, the nearest first; at most 100.',
        resolve: ({ nearDuplicates }) => nearDuplicates ?? [],
      }),
      withoutNearDuplicates: t.field({
        type: ScoresWithout,
        nullable: true,
        description: 'The same without images that have a near-duplicate in train; null where there are none.',
        resolve: (row) => fullEvaluation(row)?.withoutNearDuplicates ?? null,
      }),
      slices: t.field({ type: [SliceRef], resolve: (row) => fullEvaluation(row)?.slices ?? [] }),
    }
  },
})

const EvaluateInput = builder.inputType('EvaluateInput', {
  fields: (t) => ({
    run: t.globalID({ required: true, for: RunRef }),
    splits: t.field({ type: [Split], description: 'Default all; those that the dataset has not are left out.' }),
  }),
})

builder.mutationField('evaluate', (t) =>
  t.field({
    type: JobRef,
    description: 'Has a run’s best weights evaluated on its dataset; Run.evaluations has the result.',
    errors: { types: [NotFound, InvalidInput, Conflict], dataField: { name: 'job' } },
    args: { input: t.arg({ type: EvaluateInput, required: true }) },
    resolve: (_root, { input }, { services }) => services.evaluations.ask(input.run.id, input.splits ?? undefined),
  }),
)
