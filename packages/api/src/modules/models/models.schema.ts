import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, ModelRef, RunRef } from '../../graphql/refs.ts'
import type { ModelCalibration } from '../../jobs/contracts.ts'
import { EpochRef } from '../runs/run.types.ts'
import { newestModels } from './models.service.ts'
import { modelKind } from './models.table.ts'

const ModelKind = builder.enumType('ModelKind', {
  description: 'best: of lowest validation loss. last: of the latest epoch, from which a run resumes.',
  values: modelKind.enumValues,
})

const ModelCalibrationRef = builder.objectRef<ModelCalibration>('ModelCalibration').implement({
  description: 'What images that a model was not trained on said of it. Predictions and explanations go by it.',
  fields: (t) => ({
    images: t.exposeInt('images', { description: 'How many they were.' }),
    temperature: t.exposeFloat('temperature', {
      description: 'What logits are divided by: above 1 where it was surer than it was right.',
    }),
    before: t.exposeFloat('before', { description: 'Mean −ln p of the label over those images, in nats, without it.' }),
    after: t.exposeFloat('after', { description: 'The same with it.' }),
    distance95: t.exposeFloat('distance95', {
      description: 'How far 95 % of those images are from their nearest class, at most; what is farther is an outlier.',
    }),
  }),
})

ModelRef.implement({
  description: 'A checkpoint that a run has written.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ModelKind }),
    epoch: t.exposeInt('epoch', { description: 'The epoch after which it was written.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    path: t.string({
      nullable: true,
      description: 'Its folder on the worker’s machine; null to clients that are not on this machine.',
      resolve: (model, _args, { local }) => (local ? model.path : null),
    }),
    calibration: t.expose('calibration', {
      type: ModelCalibrationRef,
      nullable: true,
      description:
        'Made as the run’s evaluation begins, once the run has SUCCEEDED; null before, and where uncalibrated says why.',
    }),
    uncalibrated: t.exposeString('uncalibrated', {
      nullable: true,
      description: 'Why it could not be calibrated, such as too few images; null where it is, or nobody has tried.',
    }),
    run: t.field({ type: RunRef, resolve: (model) => model.runId }),
    metrics: t.loadable({
      type: EpochRef,
      nullable: true,
      description: 'How it did on the validation split; null until that epoch’s line is in.',
      load: (keys: string[], { services }) => services.runs.epochsByKey(keys),
      resolve: (model) => `${model.runId}:${model.epoch}`,
    }),
  }),
})

const ModelFilter = builder.inputType('ModelFilter', {
  fields: (t) => ({
    run: t.globalID({ for: RunRef }),
    kind: t.field({ type: ModelKind }),
  }),
})

builder.queryFields((t) => ({
  model: byId(t, ModelRef),
  models: t.connection(
    {
      type: ModelRef,
      args: { filter: t.arg({ type: ModelFilter }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, ...page }, { services }) => {
        const where = { runId: filter?.run?.id, kind: filter?.kind ?? undefined }
        return keysetConnection(page, newestModels, services.models.list(where))
      },
    },
    { name: 'ModelConnection' },
    { name: 'ModelEdge' },
  ),
}))
