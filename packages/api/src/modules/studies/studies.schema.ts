/** Queries, mutations and the subscription of studies. */
import { Conflict, InvalidInput, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { eventOf } from '../../graphql/event-of.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, DatasetRef, StudyRef, TrialRef } from '../../graphql/refs.ts'
import { RunConfigInput } from '../runs/run.types.ts'
import { objectiveMetrics } from './objectives.ts'
import {
  PrunerInput,
  parametersFromList,
  prunerOf,
  SamplerInput,
  SpaceParameterInput,
  samplerOf,
  spaceFromList,
  TrialParameterInput,
} from './space.types.ts'
import { newestStudies } from './studies.reader.ts'
import { ObjectiveInput, StudyBudgetInput } from './study.types.ts'

builder.queryFields((t) => ({
  study: byId(t, StudyRef),
  studies: t.connection(
    {
      type: StudyRef,
      description: 'The newest first.',
      complexity: pageComplexity,
      resolve: (_root, page, { services }) => keysetConnection(page, newestStudies, services.studies.list()),
    },
    { name: 'StudyConnection' },
    { name: 'StudyEdge' },
  ),
}))

const StartStudyInput = builder.inputType('StartStudyInput', {
  fields: (t) => ({
    dataset: t.globalID({ required: true, for: DatasetRef }),
    name: t.string({ description: 'The dataset and the network if left out.' }),
    notes: t.string(),
    config: t.field({
      type: RunConfigInput,
      description: 'What all trials share; its epochs are the most that a trial may take.',
    }),
    space: t.field({ type: [SpaceParameterInput], required: true }),
    objectives: t.field({
      type: [ObjectiveInput],
      description: 'Default f1Macro. With several, the study looks for a front and cannot prune.',
    }),
    sampler: t.field({ type: SamplerInput, description: 'Default tpe.' }),
    pruner: t.field({
      type: PrunerInput,
      description: 'Default successiveHalving with a reduction factor of 3; none with several objectives.',
    }),
    seed: t.float({ description: 'A whole number from 0 to 4294967295, default 0.' }),
    parallel: t.int({ description: 'The most trials at a time. Default: as many as workers do jobs.' }),
    rungs: t.intList({
      description:
        'Of successiveHalving and hyperband: epochs with the whole network after which trials pause. Default: epochs divided by the reduction factor, and that once more.',
    }),
    folds: t.int({
      description: 'Validate on so many folds: the first decides who goes on, the others who wins. Default 1.',
    }),
    restarts: t.boolean({
      description:
        'Whether every rung is the end of a complete schedule, after which another begins: in the midst of one, values mislead. Default true.',
    }),
    sizes: t.intList({
      description:
        'Sides of the images up to the first rungs, in pixels, rising: small ones are fast. Default: one size.',
    }),
    findRate: t.boolean({
      description:
        'Run the range test first, begin with the rate that it suggests, and search baseLr around it. Default false.',
    }),
    baseline: t.boolean({
      description:
        'Whether trial 0 is config as it stands, trained to its end, and the search begins around it. Default true, but for a grid.',
    }),
    finalSeeds: t.int({
      description:
        'The winner is trained anew under so many seeds and tested. Default 3 where the dataset has a test split, else 0.',
    }),
    budget: t.field({ type: StudyBudgetInput, description: 'Default 20 trials. Without any limit it ends by hand.' }),
    enqueue: t.field({
      type: t.listRef([TrialParameterInput]),
      description: 'Parameters to try first, after the baseline; what they leave open is the sampler’s.',
    }),
  }),
})

const UpdateStudyInput = builder.inputType('UpdateStudyInput', {
  description: 'What is left out stays as it is.',
  fields: (t) => ({
    name: t.string(),
    notes: t.string({ description: 'null takes the notes away.' }),
    parallel: t.int({ description: 'null: as many as workers do jobs.' }),
  }),
})

builder.mutationFields((t) => {
  const id = () => t.arg.globalID({ required: true, for: StudyRef })
  return {
    startStudy: t.field({
      type: StudyRef,
      description: 'Starts a study; its first trials are queued before it answers.',
      errors: { types: [InvalidInput, NotFound], dataField: { name: 'study' } },
      args: { input: t.arg({ type: StartStudyInput, required: true }) },
      resolve: (_root, { input }, { services }) =>
        services.studies.start({
          datasetId: input.dataset.id,
          name: input.name,
          notes: input.notes,
          config: input.config ?? {},
          space: spaceFromList(input.space),
          objectives: (input.objectives ?? [{ metric: 'f1Macro' as const }]).map(({ metric, direction }) => ({
            metric,
            direction: direction ?? objectiveMetrics[metric],
          })),
          sampler: input.sampler ? samplerOf(input.sampler) : undefined,
          pruner: input.pruner ? prunerOf(input.pruner) : undefined,
          seed: input.seed,
          parallel: input.parallel,
          rungs: input.rungs,
          folds: input.folds,
          budget: input.budget && given(input.budget),
          restarts: input.restarts,
          sizes: input.sizes,
          finalSeeds: input.finalSeeds,
          findRate: input.findRate,
          baseline: input.baseline,
          enqueue: (input.enqueue ?? []).map((list, i) => parametersFromList(list, `input.enqueue.${i}`)),
        }),
    }),
    stopStudy: t.field({
      type: StudyRef,
      description: 'Stops it with all its runs, which keep their checkpoints. resumeStudy goes on from there.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'study' } },
      args: { id: id() },
      resolve: (_root, args, { services }) => services.studies.stop(args.id.id),
    }),
    resumeStudy: t.field({
      type: StudyRef,
      description: 'Lets a STOPPED study go on.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'study' } },
      args: { id: id() },
      resolve: (_root, args, { services }) => services.studies.resume(args.id.id),
    }),
    extendStudy: t.field({
      type: StudyRef,
      description:
        'Sets new totals, against which counts what was done so far; limits left out stay, null takes one away. A FINISHED study goes on.',
      errors: { types: [InvalidInput, NotFound], dataField: { name: 'study' } },
      args: { id: id(), budget: t.arg({ type: StudyBudgetInput, required: true }) },
      resolve: (_root, { id, budget }, { services }) => services.studies.extend(id.id, given(budget)),
    }),
    enqueueTrial: t.field({
      type: TrialRef,
      description: 'Puts parameters into the study’s queue, to be tried next; what they leave open is the sampler’s.',
      errors: { types: [InvalidInput, NotFound, Conflict], dataField: { name: 'trial' } },
      args: { study: id(), parameters: t.arg({ type: [TrialParameterInput], required: true }) },
      resolve: (_root, { study, parameters }, { services }) =>
        services.studies.enqueue(study.id, parametersFromList(parameters, 'parameters')),
    }),
    updateStudy: t.field({
      type: StudyRef,
      errors: { types: [InvalidInput, NotFound], dataField: { name: 'study' } },
      args: { id: id(), input: t.arg({ type: UpdateStudyInput, required: true }) },
      resolve: (_root, args, { services }) => services.studies.update(args.id.id, args.input),
    }),
    deleteStudies: t.field({
      type: ['ID'],
      description:
        'Deletes studies with their trials and runs, checkpoints included: all of them, or none on an error.',
      errors: { types: [NotFound, Conflict], dataField: { name: 'ids' } },
      args: { ids: t.arg.globalIDList({ required: true, for: StudyRef }) },
      resolve: async (_root, { ids }, { services }) => {
        await services.studies.delete(ids.map(({ id }) => id))
        return ids.map(({ typename, id }) => Buffer.from(`${typename}:${id}`).toString('base64'))
      },
    }),
  }
})

/** Limits that were said; null says that there is none. */
const given = (budget: typeof StudyBudgetInput.$inferInput) =>
  Object.fromEntries(Object.entries(budget).filter(([, limit]) => limit !== undefined))

const StudyEvent = eventOf('Study', StudyRef)

builder.subscriptionFields((t) => ({
  studies: t.field({
    type: StudyEvent,
    description: 'Every change of any study.',
    subscribe: (_root, _args, { services }) => services.live.all('study'),
    resolve: (message) => message,
  }),
  studyUpdated: t.field({
    type: StudyRef,
    description: 'The study as it is now, then again after every change; it ends when the study is deleted.',
    args: { id: t.arg.globalID({ required: true, for: StudyRef }) },
    subscribe: async (_root, { id }, { services }) => {
      await services.studies.get(id.id)
      return services.live.of('study', id.id, (studyId) => studyId)
    },
    resolve: (studyId: number, _args, { services }) => services.studies.get(studyId),
  }),
}))
