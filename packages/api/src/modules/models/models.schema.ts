import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { ModelRef, RunRef } from '../../graphql/refs.ts'
import { EpochRef } from '../runs/run.types.ts'
import { newestModels } from './models.service.ts'
import { modelKind } from './models.table.ts'

const ModelKind = builder.enumType('ModelKind', {
  description: 'best: of lowest validation loss. last: of the latest epoch, from which a run resumes.',
  values: modelKind.enumValues,
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
  model: t.field({
    type: ModelRef,
    nullable: true,
    args: { id: t.arg.globalID({ required: true, for: ModelRef }) },
    resolve: (_root, { id }) => id.id,
  }),
  models: t.connection(
    {
      type: ModelRef,
      args: { filter: t.arg({ type: ModelFilter }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, ...page }, { services }) => {
        const where = { runId: filter?.run?.id, kind: filter?.kind ?? undefined }
        return keysetConnection(
          page,
          newestModels,
          (rows) => services.models.page(where, rows),
          () => services.models.count(where),
        )
      },
    },
    { name: 'ModelConnection' },
    { name: 'ModelEdge' },
  ),
}))
