/** Queries and mutations of runs. */
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, DatasetRef, RunRef, StudyRef } from '../../graphql/refs.ts'
import { Arch, RunConfigInput, RunStatus } from './run.types.ts'
import { runOrder, runOrderFields } from './runs.order.ts'

const RunFilter = builder.inputType('RunFilter', {
  description: 'Runs that meet every condition given.',
  fields: (t) => ({
    status: t.field({ type: [RunStatus], description: 'In any of these states.' }),
    arch: t.field({ type: [Arch], description: 'Of any of these networks.' }),
    dataset: t.globalID({ for: DatasetRef }),
    tags: t.stringList({ description: 'With all of these tags.' }),
    name: t.string({ description: 'With this text in the name, in either case.' }),
    study: t.globalID({ for: StudyRef, description: 'Runs of its trials.' }),
    ofStudies: t.boolean({ description: 'false leaves out the runs of trials, true leaves out all others.' }),
  }),
})

const RunOrderField = builder.enumType('RunOrderField', {
  description: 'validLoss and accuracy are those of the best epoch; runs without one come last.',
  values: runOrderFields,
})
export const OrderDirection = builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const })

const RunOrder = builder.inputType('RunOrder', {
  fields: (t) => ({
    field: t.field({ type: RunOrderField, required: true }),
    direction: t.field({ type: OrderDirection, defaultValue: 'DESC' }),
  }),
})

builder.queryFields((t) => ({
  run: byId(t, RunRef),
  runs: t.connection(
    {
      type: RunRef,
      description: 'The newest first, unless ordered otherwise.',
      args: { filter: t.arg({ type: RunFilter }), orderBy: t.arg({ type: RunOrder }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, orderBy, ...page }, { services }) => {
        const where = { ...filter, datasetId: filter?.dataset?.id, studyId: filter?.study?.id }
        return keysetConnection(
          page,
          runOrder(orderBy?.field ?? 'createdAt', (orderBy?.direction ?? 'DESC') === 'DESC'),
          services.runs.list(where),
        )
      },
    },
    { name: 'RunConnection' },
    { name: 'RunEdge' },
  ),
}))

const StartRunInput = builder.inputType('StartRunInput', {
  fields: (t) => ({
    dataset: t.globalID({ required: true, for: DatasetRef }),
    name: t.string({ description: 'The dataset and the network if left out.' }),
    config: t.field({ type: RunConfigInput }),
    tags: t.stringList(),
    notes: t.string(),
  }),
})

const UpdateRunInput = builder.inputType('UpdateRunInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    name: t.string(),
    tags: t.stringList({ description: 'All tags from now on.' }),
    notes: t.string({ description: 'null takes the notes away.' }),
  }),
})

builder.mutationFields((t) => {
  const id = () => t.arg.globalID({ required: true, for: RunRef })
  return {
    startRun: t.field({
      type: RunRef,
      description: 'Queues a training; a worker takes it as soon as one is free.',
      errors: { types: [InvalidInput, NotFound], dataField: { name: 'run' } },
      args: { input: t.arg({ type: StartRunInput, required: true }) },
      resolve: (_root, { input }, { services }) =>
        services.runs.start({
          datasetId: input.dataset.id,
          name: input.name,
          config: input.config ?? {},
          tags: input.tags,
          notes: input.notes,
        }),
    }),
    stopRun: t.field({
      type: RunRef,
      description:
        'Stops it, queued or running. What it has reported stays, and resumeRun goes on from its checkpoint.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'run' } },
      args: { id: id() },
      resolve: (_root, args, { services }) => services.runs.stop(args.id.id),
    }),
    resumeRun: t.field({
      type: RunRef,
      description: 'Queues a STOPPED, FAILED or CRASHED run again, to go on from its last checkpoint.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'run' } },
      args: { id: id() },
      resolve: (_root, args, { services }) => services.runs.resume(args.id.id),
    }),
    updateRun: t.field({
      type: RunRef,
      errors: { types: [InvalidInput, NotFound], dataField: { name: 'run' } },
      args: { id: id(), input: t.arg({ type: UpdateRunInput, required: true }) },
      resolve: (_root, args, { services }) => services.runs.update(args.id.id, args.input),
    }),
    deleteRuns: t.field({
      type: ['ID'],
      description: 'Deletes runs with all they have stored, checkpoints included: all of them, or none on an error.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'ids' } },
      args: { ids: t.arg.globalIDList({ required: true, for: RunRef }) },
      resolve: async (_root, { ids }, { services }) => {
        await services.runs.delete(ids.map(({ id }) => id))
        return ids.map(({ typename, id }) => Buffer.from(`${typename}:${id}`).toString('base64'))
      },
    }),
  }
})
