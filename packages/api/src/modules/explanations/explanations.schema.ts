/** Why models say what they say of images. */
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, ExplanationRef, JobRef, ModelRef } from '../../graphql/refs.ts'
import {
  type ExplainedLabel,
  type ExplainSettings,
  explainMethods,
  type Faithfulness,
  type SegmentRuns,
  type SegmentWeight,
  segmenters,
} from '../../jobs/serving.ts'
import { Split } from '../evaluations/evaluations.schema.ts'
import {
  byClass,
  ClassProbabilityRef,
  ImageInput,
  ImageSourceRef,
  imageFilterFields,
  imageWhere,
  namedImages,
  partOfRow,
} from '../images/images.schema.ts'
import { newestExplanations } from './explanations.service.ts'

/** The cost of what may have a hundred kilobytes. */
const large = 10

const ExplainMethod = builder.enumType('ExplainMethod', {
  description: 'By superpixel: lime, shap (KernelSHAP). By pixel: occlusion, gradcam.',
  values: explainMethods,
})
const SegmenterName = builder.enumType('SegmenterName', { values: segmenters })

const SegmentsRef = builder.objectRef<SegmentRuns>('Segments').implement({
  description: 'An image cut into superpixels.',
  fields: (t) => ({
    count: t.exposeInt('count'),
    runs: t.exposeIntList('runs', {
      description: 'The pixels [size, size], row by row, as runs: segment, length, segment, length, ….',
    }),
  }),
})

const SegmentWeightRef = builder.objectRef<SegmentWeight>('SegmentWeight').implement({
  description: 'What showing a superpixel adds to a class’s probability.',
  fields: (t) => ({
    segment: t.exposeInt('segment'),
    weight: t.exposeFloat('weight'),
    low: t.float({
      nullable: true,
      description: 'With high, its 95 % interval, given how few samples there were.',
      resolve: ({ low }) => low,
    }),
    high: t.float({ nullable: true, resolve: ({ high }) => high }),
  }),
})

const FaithfulnessRef = builder.objectRef<Faithfulness>('Faithfulness').implement({
  description: 'How far an explanation can be trusted.',
  fields: (t) => ({
    deletion: t.exposeFloat('deletion', {
      description: 'Area under the class’s probability while pixels go, the most important first: low is faithful.',
    }),
    insertion: t.exposeFloat('insertion', { description: 'The same while they come: high is faithful.' }),
    road: t.exposeFloat('road', {
      description: 'Half the difference between removing the least and the most important pixels: high is faithful.',
    }),
  }),
})

const ExplainedLabelRef = builder.objectRef<ExplainedLabel>('ExplainedLabel').implement({
  description: 'What speaks for one class in one image, and what against it: by superpixel, or else by pixel.',
  fields: (t) => ({
    label: t.exposeString('label'),
    probability: t.exposeFloat('probability', { description: 'Of the whole image.' }),
    weights: t.expose('weights', {
      type: [SegmentWeightRef],
      nullable: true,
      complexity: partOfRow,
      description: 'The largest first; null for methods by pixel.',
    }),
    intercept: t.exposeFloat('intercept', {
      nullable: true,
      description: 'What the surrogate says with every superpixel hidden.',
    }),
    r2: t.exposeFloat('r2', {
      nullable: true,
      description: 'How much of the variance of the model’s answers the surrogate explains.',
    }),
    localPrediction: t.exposeFloat('localPrediction', {
      nullable: true,
      description: 'What the surrogate says of the whole image, beside probability.',
    }),
    map: t.exposeString('map', {
      nullable: true,
      complexity: large,
      description:
        'By pixel [size, size], row by row: little-endian float32 in base64. Grad-CAM from 0 to 1; occlusion in probability, what hiding the pixel takes away. null for methods by superpixel.',
    }),
    faithfulness: t.expose('faithfulness', {
      type: FaithfulnessRef,
      nullable: true,
      description: 'null where it was not asked for.',
    }),
  }),
})

const ExplainSettingsRef = builder.objectRef<ExplainSettings>('ExplainSettings').implement({
  description: 'What was asked for.',
  fields: (t) => ({
    method: t.expose('method', { type: ExplainMethod }),
    segmenter: t.expose('segmenter', { type: SegmenterName }),
    samples: t.exposeInt('samples'),
    stable: t.exposeBoolean('stable'),
    labels: t.exposeStringList('labels', { nullable: true }),
    topLabels: t.exposeInt('topLabels'),
    seed: t.exposeInt('seed'),
    faithfulness: t.exposeBoolean('faithfulness'),
  }),
})

ExplanationRef.implement({
  description: 'Why a model said what it said of one image.',
  fields: (t) => ({
    image: t.exposeString('image', {
      description: 'What the image is called: an upload’s name, or a path in a dataset.',
    }),
    source: t.field({ type: ImageSourceRef, resolve: (explanation) => explanation }),
    sha256: t.exposeString('sha256', { description: 'Of the image’s file.' }),
    model: t.field({ type: ModelRef, resolve: ({ modelId }) => modelId }),
    modelSha256: t.exposeString('modelSha256', { description: 'Of the weights that are explained.' }),
    method: t.field({ type: ExplainMethod, resolve: ({ settings }) => settings.method }),
    settings: t.expose('settings', { type: ExplainSettingsRef }),
    actual: t.exposeString('actual', {
      nullable: true,
      description: 'The class that it really is; known of images of an evaluation.',
    }),
    size: t.exposeInt('size', { description: 'Side of what the network sees of an image, in pixels.' }),
    picture: t.exposeString('picture', {
      complexity: large,
      description: 'What the network saw of it, as a data URL.',
    }),
    probabilities: t.field({
      type: [ClassProbabilityRef],
      complexity: partOfRow,
      description: 'Of every class, in the order of the model’s outputs.',
      resolve: byClass,
    }),
    segments: t.expose('segments', {
      type: SegmentsRef,
      nullable: true,
      description: 'null for methods by pixel.',
    }),
    labels: t.expose('labels', {
      type: [ExplainedLabelRef],
      complexity: { field: 1, multiplier: 3 },
      description: 'Those that were asked for, else the likeliest first.',
    }),
    samples: t.exposeInt('samples', { description: 'Pictures that the model classified.' }),
    seconds: t.exposeFloat('seconds'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    job: t.field({ type: JobRef, resolve: ({ jobId }) => jobId }),
  }),
})

const ExplanationFilter = builder.inputType('ExplanationFilter', {
  description: 'Explanations that meet every condition given.',
  fields: (t) => ({
    ...imageFilterFields(t),
    method: t.field({ type: ExplainMethod }),
  }),
})

builder.queryFields((t) => ({
  explanation: byId(t, ExplanationRef),
  explanations: t.connection(
    {
      type: ExplanationRef,
      description: 'The newest first.',
      args: { filter: t.arg({ type: ExplanationFilter }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, ...page }, { services }) => {
        const where = { ...imageWhere(filter), method: filter?.method }
        return keysetConnection(page, newestExplanations, services.explanations.list(where))
      },
    },
    { name: 'ExplanationConnection' },
    { name: 'ExplanationEdge' },
  ),
}))

const ExplainInput = builder.inputType('ExplainInput', {
  description: 'Give exactly one of images, topLosses and confusedPairs.',
  fields: (t) => ({
    model: t.globalID({ required: true, for: ModelRef }),
    images: t.field({ type: [ImageInput], description: 'At most 32.' }),
    topLosses: t.int({
      description:
        'So many of the worst images of the evaluation of the model’s run: why they were taken for what they are not, and what spoke for the truth.',
    }),
    confusedPairs: t.int({
      description:
        'For each of so many pairs of classes that are most often confused, the worst of ConfusedPair.images; an evaluation of an older version has none.',
    }),
    split: t.field({ type: Split, description: 'Of that evaluation. Default test, else valid, else train.' }),
    method: t.field({ type: ExplainMethod, description: 'Default lime.' }),
    segmenter: t.field({ type: SegmenterName, description: 'Default quickshift.' }),
    samples: t.int({ description: 'Pictures that the model classifies, for lime and shap. Default 1000.' }),
    stable: t.boolean({ description: 'LIME with less noise, which stops as soon as it knows. Default false.' }),
    labels: t.stringList({ description: 'Classes to explain. Default: the likeliest topLabels.' }),
    topLabels: t.int({ description: 'Default 1.' }),
    seed: t.int({ description: 'Default 0.' }),
    faithfulness: t.boolean({ description: 'Measure how faithful each explanation is. Default false.' }),
  }),
})

builder.mutationField('explain', (t) =>
  t.field({
    type: JobRef,
    description: 'Has images explained; `explanations(filter: { job })` has them once the job has SUCCEEDED.',
    errors: { types: [NotFound, InvalidInput, Conflict], dataField: { name: 'job' } },
    args: { input: t.arg({ type: ExplainInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const { model, images, topLosses, confusedPairs, split, ...settings } = input
      const subjects = { images: images && namedImages(images), topLosses, confusedPairs, split }
      return services.explanations.ask({ modelId: model.id, ...subjects, settings })
    },
  }),
)
