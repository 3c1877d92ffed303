/** The parts of a study: plain objects without an id of their own. */
import type { Budget, Importance, Objective } from '@sporeprint/tuning'
import { builder } from '../../graphql/builder.ts'
import { TrialRef } from '../../graphql/refs.ts'
import { type ObjectiveMetric, objectiveMetricNames } from './objectives.ts'
import type { HistoryPoint, ScoreInterval, Spent } from './studies.insights.ts'
import { studyStatus, type TrialRow, trialState } from './studies.table.ts'

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
    'Where a score would lie with 95 % probability on other images of the same kind: Wilson’s interval of a share of n images. For F1, which is no share, it is an approximation.',
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
