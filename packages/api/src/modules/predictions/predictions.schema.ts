/** What models say of images. */
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, JobRef, ModelRef, PredictionRef } from '../../graphql/refs.ts'
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
import { newestPredictions } from './predictions.service.ts'

PredictionRef.implement({
  description: 'What a model said of one image.',
  fields: (t) => ({
    image: t.exposeString('image', {
      description: 'What the image is called: an upload’s name, or a path in a dataset.',
    }),
    source: t.field({ type: ImageSourceRef, resolve: (prediction) => prediction }),
    sha256: t.exposeString('sha256', { description: 'Of the image’s file.' }),
    model: t.field({ type: ModelRef, resolve: ({ modelId }) => modelId }),
    modelSha256: t.exposeString('modelSha256', {
      description: 'Of the weights that said it: a model moves on with the checkpoints of its run.',
    }),
    label: t.exposeString('label', {
      nullable: true,
      description: 'The most probable class; null where the model abstained.',
    }),
    confidence: t.exposeFloat('confidence', { description: 'Probability of the most probable class, label or not.' }),
    top: t.field({
      type: [ClassProbabilityRef],
      complexity: partOfRow,
      description: 'The most probable classes, the most probable first.',
      args: { k: t.arg.int({ defaultValue: 5 }) },
      resolve: (prediction, { k }) =>
        byClass(prediction)
          .sort((a, b) => b.probability - a.probability)
          .slice(0, Math.max(0, k ?? 5)),
    }),
    probabilities: t.field({
      type: [ClassProbabilityRef],
      complexity: partOfRow,
      description: 'Of every class, in the order of the model’s outputs.',
      resolve: byClass,
    }),
    logits: t.exposeFloatList('logits', { description: 'As the network gives them, in the order of probabilities.' }),
    temperature: t.exposeFloat('temperature', { description: 'What logits were divided by.' }),
    distance: t.exposeFloat('distance', {
      nullable: true,
      description:
        'Out-of-distribution score, from 0 to 1: how unlike the images of the model’s calibration this one is; null where it has none.',
    }),
    outlier: t.exposeBoolean('outlier', {
      nullable: true,
      description: 'Whether it is farther than 95 % of them are: then it may show none of the classes.',
    }),
    thumbnail: t.exposeString('thumbnail', { description: 'The image, small, as a data URL.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    job: t.field({ type: JobRef, resolve: ({ jobId }) => jobId }),
  }),
})

const PredictionFilter = builder.inputType('PredictionFilter', {
  description: 'Predictions that meet every condition given.',
  fields: (t) => ({
    ...imageFilterFields(t),
    label: t.string(),
  }),
})

builder.queryFields((t) => ({
  prediction: byId(t, PredictionRef),
  predictions: t.connection(
    {
      type: PredictionRef,
      description: 'The newest first.',
      args: { filter: t.arg({ type: PredictionFilter }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, ...page }, { services }) => {
        const where = { ...imageWhere(filter), label: filter?.label }
        return keysetConnection(page, newestPredictions, services.predictions.list(where))
      },
    },
    { name: 'PredictionConnection' },
    { name: 'PredictionEdge' },
  ),
}))

const PredictInput = builder.inputType('PredictInput', {
  fields: (t) => ({
    model: t.globalID({ required: true, for: ModelRef }),
    images: t.field({ type: [ImageInput], required: true, description: 'At most 100.' }),
    tta: t.boolean({ description: 'Average over augmented versions of each image, too. Default false.' }),
    abstain: t.float({ description: 'Say no label where no class is at least this probable. Default 0, never.' }),
    temperature: t.float({ description: 'Divides logits. Default: the model’s own calibration, else 1.' }),
  }),
})

builder.mutationField('predict', (t) =>
  t.field({
    type: JobRef,
    description: 'Has images classified; `predictions(filter: { job })` has what was said once the job has SUCCEEDED.',
    errors: { types: [NotFound, InvalidInput, Conflict], dataField: { name: 'job' } },
    args: { input: t.arg({ type: PredictInput, required: true }) },
    resolve: (_root, { input: { model, images, ...settings } }, { services }) =>
      services.predictions.ask({ modelId: model.id, images: namedImages(images), settings }),
  }),
)
