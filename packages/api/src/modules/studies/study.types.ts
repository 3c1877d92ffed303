/** The parts of a study: plain objects without an id of their own. */
import type { Budget, Edge, Importance, Objective } from '@sporeprint/tuning'
import { builder } from '../../graphql/builder.ts'
import { JobRef, TrialRef } from '../../graphql/refs.ts'
import { Split } from '../evaluations/evaluations.schema.ts'
import { type ObjectiveMetric, objectiveMetricNames } from './objectives.ts'
import type { FinalScore, ScoreInterval } from './scores.ts'
import type { HistoryPoint, Spent } from './studies.insights.ts'
import { type RateSearch, studyStatus, type TrialRow, trialState } from './studies.table.ts'

export const StudyStatus = builder.enumType('StudyStatus', {
  description:
    'STOPPED: by hand, or because all its trials failed; resumeStudy lets it go on. FINISHED: extendStudy does.',
  values: studyStatus.enumValues,
})
export const TrialState = builder.enumType('TrialState', {
  description:
    'As in Optuna, and paused: its run has stopped at a rung, with a checkpoint from which it goes on if it is among the best there.',
  values: trialState.enumValues,
})
export const ObjectiveMetricRef = builder.enumType('ObjectiveMetric', {
  description: 'On the validation images after a trial’s last epoch. seconds: what all its epochs took.',
  values: objectiveMetricNames,
})
export const DirectionRef = builder.enumType('ObjectiveDirection', { values: ['minimize', 'maximize'] as const })

export const ObjectiveRef = builder.objectRef<Objective>('Objective').implement({
  fields: (t) => ({
    metric: t.field({ type: ObjectiveMetricRef, resolve: ({ metric }) => metric as ObjectiveMetric }),
    direction: t.expose('direction', { type: DirectionRef }),
  }),
})

export const ObjectiveInput = builder.inputType('ObjectiveInput', {
  fields: (t) => ({
    metric: t.field({ type: ObjectiveMetricRef, required: true }),
    direction: t.field({ type: DirectionRef, description: 'Default: losses and seconds down, all else up.' }),
  }),
})

export const StudyBudgetRef = builder.objectRef<Budget>('StudyBudget').implement({
  description: 'Totals of the study; null is no limit. The first that is spent ends it.',
  fields: (t) => ({
    trials: t.exposeInt('trials', { nullable: true, description: 'Trials started, those that failed included.' }),
    epochs: t.exposeInt('epochs', { nullable: true, description: 'Of all trials together, frozen ones included.' }),
    hours: t.exposeFloat('hours', { nullable: true, description: 'While it is RUNNING.' }),
  }),
})

export const StudyBudgetInput = builder.inputType('StudyBudgetInput', {
  description: 'Totals of the study; null is no limit. The first that is spent ends it.',
  fields: (t) => ({
    trials: t.int({ description: 'Trials started, those that failed included.' }),
    epochs: t.int({ description: 'Of all trials together, frozen ones included.' }),
    hours: t.float({ description: 'While it is RUNNING.' }),
  }),
})

export const StudySpentRef = builder.objectRef<Spent>('StudySpent').implement({
  description: 'What the study has used of its budget.',
  fields: (t) => ({
    trials: t.exposeInt('trials'),
    epochs: t.exposeInt('epochs'),
    hours: t.exposeFloat('hours'),
  }),
})

export type Counts = Record<TrialRow['state'], number>

export const TrialCountsRef = builder.objectRef<Counts>('TrialCounts').implement({
  fields: (t) => ({
    waiting: t.exposeInt('waiting'),
    running: t.exposeInt('running'),
    paused: t.exposeInt('paused'),
    pruned: t.exposeInt('pruned'),
    complete: t.exposeInt('complete'),
    failed: t.exposeInt('failed'),
  }),
})

export const ScoreIntervalRef = builder.objectRef<ScoreInterval>('ScoreInterval').implement({
  description:
    'The 95 % interval of a score, by the bootstrap over the validation images: other trials whose values lie in it may be as good.',
  fields: (t) => ({
    low: t.exposeFloat('low'),
    high: t.exposeFloat('high'),
    n: t.exposeInt('n', { description: 'Validation images.' }),
  }),
})

export const HistoryPointRef = builder.objectRef<HistoryPoint>('StudyHistoryPoint').implement({
  fields: (t) => ({
    trial: t.field({ type: TrialRef, resolve: ({ trial }) => trial }),
    value: t.exposeFloat('value', { description: 'Of the first objective.' }),
    best: t.exposeFloat('best', { description: 'The best up to then.' }),
  }),
})

export const ImportanceMethodRef = builder.enumType('ImportanceMethod', {
  description:
    'pedAnova: what the best tenth of trials have in common. fanova: what of the variance a parameter explains.',
  values: ['pedAnova', 'fanova'] as const,
})

export const ImportanceRef = builder.objectRef<Importance>('ParameterImportance').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    importance: t.exposeFloat('importance', { description: 'Its share; all together are 1.' }),
    trials: t.exposeInt('trials', { description: 'Complete trials that it rests on.' }),
  }),
})

export const TrialReportRef = builder.objectRef<TrialRow['reports'][number]>('TrialReport').implement({
  description: 'The first objective after an epoch of the first fold.',
  fields: (t) => ({
    epoch: t.exposeInt('epoch', { description: 'From 1, frozen ones included.' }),
    value: t.exposeFloat('value', { nullable: true, description: 'null where it is not finite.' }),
  }),
})

export const FinalScoreRef = builder.objectRef<FinalScore>('FinalScore').implement({
  description: 'The first objective of the winner, trained anew under other seeds.',
  fields: (t) => ({
    mean: t.exposeFloat('mean'),
    deviation: t.exposeFloat('deviation', {
      nullable: true,
      description: 'Standard deviation over seeds; null of one.',
    }),
    split: t.expose('split', { type: Split, description: 'valid where the dataset has no test split.' }),
    n: t.exposeInt('n', { description: 'Images.' }),
    seeds: t.exposeInt('seeds'),
  }),
})

export const RateSearchRef = builder.objectRef<RateSearch>('RateSearch').implement({
  description: 'The range test that a study began with.',
  fields: (t) => ({
    settled: t.exposeBoolean('settled', { description: 'Whether it has come to its end; trials wait for that.' }),
    rate: t.exposeFloat('rate', { nullable: true, description: 'The learning rate that it suggests; null: none.' }),
    low: t.float({
      nullable: true,
      description: 'The range that baseLr is searched in therefore; null where it stayed as it was.',
      resolve: ({ range }) => range?.low ?? null,
    }),
    high: t.float({ nullable: true, resolve: ({ range }) => range?.high ?? null }),
    job: t.field({ type: JobRef, resolve: ({ jobId }) => jobId }),
  }),
})

const EdgeSide = builder.enumType('EdgeSide', { values: ['low', 'high'] as const })

export const EdgeRef = builder.objectRef<Edge>('SpaceEdge').implement({
  description: 'A range at whose end most of the best trials lie: what is best may be beyond.',
  fields: (t) => ({
    parameter: t.exposeString('name'),
    side: t.expose('side', { type: EdgeSide }),
    hits: t.exposeInt('hits', { description: 'Of the best trials, those in the outer tenth.' }),
    of: t.exposeInt('of', { description: 'The best trials that have the parameter.' }),
    low: t.float({
      nullable: true,
      description: 'A wider range; null where it is at its limit.',
      resolve: ({ proposal }) => proposal?.low ?? null,
    }),
    high: t.float({ nullable: true, resolve: ({ proposal }) => proposal?.high ?? null }),
  }),
})
