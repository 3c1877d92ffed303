import { rungsOf } from '@sporeprint/tuning'
import DataLoader from 'dataloader'
import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { DatasetRef, RunRef, StudyRef, TrialRef } from '../../graphql/refs.ts'
import { parseRunConfig } from '../../jobs/contracts.ts'
import { RunConfigRef } from '../runs/run.types.ts'
import { OrderDirection } from '../runs/runs.schema.ts'
import { ExportFormat, exportTrials } from './export.ts'
import { PrunerRef, parametersToList, SamplerRef, SpaceParameter, spaceToList, TrialParameter } from './space.types.ts'
import { bestOf, edgesOf, frontOf, historyOf, importanceEpochs, importancesOf, spentOf } from './studies.insights.ts'
import { trialOrder, trialOrderFields } from './studies.reader.ts'
import { anyNumber } from './studies.service.ts'
import { type StudyRow, type TrialRow, trialState } from './studies.table.ts'
import {
  type Counts,
  EdgeRef,
  FinalScoreRef,
  HistoryPointRef,
  ImportanceMethodRef,
  ImportanceRef,
  ObjectiveRef,
  RateSearchRef,
  ScoreIntervalRef,
  StudyBudgetRef,
  StudySpentRef,
  StudyStatus,
  TrialCountsRef,
  TrialReportRef,
  TrialState,
} from './study.types.ts'

/** Short lists that lie in the trial's row and cost no query: what a page of 200 trials asks for must stay affordable. */
const ofTheRow = { field: 1, multiplier: 1 }

TrialRef.implement({
  description:
    'One set of parameters, and what came of it. Its run may be watched, and its checkpoints used, like any other.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 0 in its study.' }),
    state: t.expose('state', { type: TrialState }),
    parameters: t.field({
      type: [TrialParameter],
      complexity: ofTheRow,
      resolve: ({ parameters }) => parametersToList(parameters),
    }),
    values: t.exposeFloatList('values', {
      nullable: true,
      description: 'One for each objective, over folds their mean; null until it is complete.',
    }),
    reports: t.expose('reports', { type: [TrialReportRef], complexity: ofTheRow, description: 'By epoch.' }),
    epochs: t.int({
      description: 'Trained, frozen ones and all folds included.',
      resolve: ({ epochs }) => epochs.reduce((sum, n) => sum + n, 0),
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it was pruned or failed.' }),
    enqueued: t.exposeBoolean('enqueued', { description: 'Its parameters, or some of them, were given by hand.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    study: t.field({ type: StudyRef, resolve: ({ studyId }) => studyId }),
    runs: t.loadableList({
      type: RunRef,
      complexity: { field: 2, multiplier: 2 },
      description: 'One a fold, then those of the winner under other seeds; none until it has started.',
      load: (keys: string[], { services }) => services.studies.runsOfTrials(keys),
      resolve: ({ studyId, number }) => `${studyId}:${number}`,
    }),
  }),
})

const TrialOrderField = builder.enumType('TrialOrderField', {
  description: 'value: of the first objective; trials without one come last.',
  values: trialOrderFields,
})
const TrialOrder = builder.inputType('TrialOrder', {
  fields: (t) => ({
    field: t.field({ type: TrialOrderField, required: true }),
    direction: t.field({ type: OrderDirection, defaultValue: 'ASC' }),
  }),
})

/** All trials of a study, read once for whatever an operation derives from them. */
function trialsOf(study: StudyRow, context: Context): Promise<TrialRow[]> {
  let loader = loaders.get(context)
  if (!loader) {
    loader = new DataLoader((ids) => context.services.studies.trialsOf(ids))
    loaders.set(context, loader)
  }
  return loader.load(study.id)
}
const loaders = new WeakMap<Context, DataLoader<number, TrialRow[]>>()

StudyRef.implement({
  description: 'A search for hyperparameters: many trials on one dataset, each a run.',
  fields: (t) => ({
    name: t.exposeString('name'),
    notes: t.exposeString('notes', { nullable: true }),
    status: t.expose('status', { type: StudyStatus }),
    outcome: t.exposeString('outcome', { nullable: true, description: 'Why it is FINISHED, or STOPPED by itself.' }),
    dataset: t.field({ type: DatasetRef, resolve: (study) => study.datasetId }),
    config: t.field({
      type: RunConfigRef,
      description: 'What all trials share. A parameter of the space takes the place of the setting that it names.',
      resolve: ({ config }) => parseRunConfig(config),
    }),
    objectives: t.field({ type: [ObjectiveRef], resolve: ({ plan }) => [...plan.objectives] }),
    space: t.field({ type: [SpaceParameter], resolve: ({ plan }) => spaceToList(plan.space) }),
    sampler: t.field({ type: SamplerRef, resolve: ({ plan }) => plan.sampler }),
    pruner: t.field({ type: PrunerRef, resolve: ({ plan }) => plan.pruner }),
    seed: t.float({ resolve: ({ plan }) => plan.seed }),
    parallel: t.int({
      nullable: true,
      description: 'The most trials at a time; null: as many as workers do jobs.',
      resolve: ({ plan }) => (plan.parallel === anyNumber ? null : plan.parallel),
    }),
    rungs: t.field({
      type: ['Int'],
      description: 'Epochs with the whole network after which trials pause, and at last the most that one has.',
      resolve: ({ plan }) => rungsOf(plan),
    }),
    folds: t.int({
      description: 'Folds that a trial is validated on; 1: as config says.',
      resolve: ({ plan }) => plan.folds,
    }),
    budget: t.field({ type: StudyBudgetRef, resolve: ({ plan }) => plan.budget }),
    spent: t.field({
      type: StudySpentRef,
      resolve: async (study, _args, context) => spentOf(study, await trialsOf(study, context)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    counts: t.field({
      type: TrialCountsRef,
      description: 'Trials by state.',
      resolve: async (study, _args, context) => {
        const counts = Object.fromEntries(trialState.enumValues.map((state) => [state, 0])) as Counts
        for (const { state } of await trialsOf(study, context)) counts[state]++
        return counts
      },
    }),
    best: t.field({
      type: TrialRef,
      nullable: true,
      description: 'The best complete trial; of several objectives the first on the front.',
      resolve: async (study, _args, context) => bestOf(study, await trialsOf(study, context)),
    }),
    bestInterval: t.field({
      type: ScoreIntervalRef,
      nullable: true,
      description: 'How sure the best trial’s value is; null where the first objective is no score.',
      resolve: async (study, _args, context) => {
        const best = bestOf(study, await trialsOf(study, context))
        return best && context.services.studies.interval(study, best)
      },
    }),
    finalScore: t.field({
      type: FinalScoreRef,
      nullable: true,
      description:
        'What the best trial comes to on the test split, under other seeds; null until one of them is trained.',
      resolve: async (study, _args, context) => {
        const best = bestOf(study, await trialsOf(study, context))
        return best && context.services.studies.finalScore(study, best)
      },
    }),
    edges: t.field({
      type: [EdgeRef],
      description: 'Where the space may be too narrow.',
      resolve: async (study, _args, context) => edgesOf(study, await trialsOf(study, context)),
    }),
    restarts: t.boolean({
      description: 'Whether every rung is the end of a complete schedule.',
      resolve: ({ extras }) => extras.restarts,
    }),
    sizes: t.field({
      type: ['Int'],
      description: 'Sides of the images up to the first rungs.',
      resolve: ({ extras }) => extras.sizes,
    }),
    finalSeeds: t.int({
      description: 'Seeds under which the winner is trained anew and tested.',
      resolve: ({ extras }) => extras.finalSeeds,
    }),
    baseline: t.field({
      type: TrialRef,
      nullable: true,
      description: 'Trial 0, where it is config as it stands: what the others are compared with.',
      resolve: async (study, _args, context) =>
        study.plan.baseline === undefined ? null : ((await trialsOf(study, context))[0] ?? null),
    }),
    rateSearch: t.field({
      type: RateSearchRef,
      nullable: true,
      description: 'null where it was not asked for.',
      resolve: ({ extras }) => extras.rate,
    }),
    paretoFront: t.field({
      type: [TrialRef],
      description: 'The complete trials that no other one beats in every objective; with one objective, the best.',
      resolve: async (study, _args, context) => frontOf(study, await trialsOf(study, context)),
    }),
    history: t.field({
      type: [HistoryPointRef],
      description: 'The complete trials in the order in which they came to their end.',
      resolve: async (study, _args, context) => historyOf(study, await trialsOf(study, context)),
    }),
    importances: t.field({
      type: [ImportanceRef],
      description:
        'The most important parameter first, of the trials that came to the highest rung to which ten did; none before two came to one.',
      args: { method: t.arg({ type: ImportanceMethodRef, defaultValue: 'pedAnova' }) },
      complexity: 200,
      resolve: async (study, { method }, context) =>
        importancesOf(study, await trialsOf(study, context), method ?? 'pedAnova'),
    }),
    importanceEpochs: t.int({
      description: 'Epochs with the whole network after which those trials were measured.',
      resolve: async (study, _args, context) => importanceEpochs(study, await trialsOf(study, context)),
    }),
    trial: t.field({
      type: TrialRef,
      nullable: true,
      args: { number: t.arg.int({ required: true }) },
      resolve: async (study, { number }, context) =>
        (await context.services.studies.trialsByKey([`${study.id}:${number}`]))[0] ?? null,
    }),
    trials: t.connection(
      {
        type: TrialRef,
        description: 'By number, unless ordered otherwise.',
        args: { states: t.arg({ type: [TrialState] }), orderBy: t.arg({ type: TrialOrder }) },
        complexity: pageComplexity,
        resolve: (study, { states, orderBy, ...page }, { services }) =>
          keysetConnection(
            page,
            trialOrder(orderBy?.field ?? 'number', orderBy?.direction === 'DESC'),
            services.studies.trialList(study.id, states ?? null),
          ),
      },
      { name: 'TrialConnection' },
      { name: 'TrialEdge' },
    ),
    export: t.string({
      description: 'All trials as one text: a table, or what a program reads.',
      args: { format: t.arg({ type: ExportFormat, required: true }) },
      complexity: 200,
      resolve: async (study, { format }, context) => exportTrials(study, await trialsOf(study, context), format),
    }),
  }),
})
