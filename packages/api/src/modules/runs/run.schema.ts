import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { DatasetRef, JobRef, ModelRef, RunRef, StudyRef, TrialRef } from '../../graphql/refs.ts'
import { parseRunConfig } from '../../jobs/contracts.ts'
import { EvaluationRef } from '../evaluations/evaluations.schema.ts'
import {
  EpochRef,
  LogLine,
  Metric,
  ProgressRef,
  RunConfigRef,
  RunErrorRef,
  RunSetupRef,
  RunStatus,
  SeriesRef,
} from './run.types.ts'
import { logOrder } from './runs.order.ts'

RunRef.implement({
  description: 'One training, from the queue to its last checkpoint.',
  fields: (t) => ({
    name: t.exposeString('name'),
    status: t.expose('status', { type: RunStatus }),
    // A run from before a setting existed had its default.
    config: t.field({ type: RunConfigRef, resolve: ({ config }) => parseRunConfig(config) }),
    dataset: t.field({ type: DatasetRef, resolve: (run) => run.datasetId }),
    tags: t.exposeStringList('tags'),
    notes: t.exposeString('notes', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
    attempt: t.exposeInt('attempt', { description: 'Workers that have taken it: more than 1 once it was resumed.' }),
    error: t.expose('error', { type: RunErrorRef, nullable: true, description: 'Why it FAILED or CRASHED.' }),
    setup: t.expose('setup', { type: RunSetupRef, nullable: true, description: 'null until its images are read.' }),
    progress: t.expose('progress', { type: ProgressRef, nullable: true, description: 'null until a worker has it.' }),
    study: t.field({
      type: StudyRef,
      nullable: true,
      description: 'null unless a study started it.',
      resolve: (run) => run.studyId,
    }),
    trial: t.loadable({
      type: TrialRef,
      nullable: true,
      description: 'The trial of that study that it trains, or one fold of.',
      load: (keys: string[], { services }) => services.studies.trialsByKey(keys),
      resolve: (run) => (run.studyId === null ? null : `${run.studyId}:${run.trial}`),
    }),
    epochs: t.loadableGroup({
      type: EpochRef,
      load: (ids: number[], { services }) => services.runs.epochs(ids),
      group: (epoch) => epoch.runId,
      resolve: (run) => run.id,
    }),
    best: t.loadable({
      type: EpochRef,
      nullable: true,
      description: 'The epoch of lowest validation loss.',
      load: (keys: string[], { services }) => services.runs.epochsByKey(keys),
      resolve: (run) => (run.bestEpoch === null ? null : `${run.id}:${run.bestEpoch}`),
    }),
    series: t.field({
      type: SeriesRef,
      description:
        'In an event of runUpdated(sinceStep) without a sinceStep of its own: only the points that are new since the event before.',
      args: {
        metric: t.arg({ type: Metric, required: true }),
        maxPoints: t.arg.int({ defaultValue: 500, description: '4 to 10000.' }),
        sinceStep: t.arg.int({ description: 'Only points after this step.' }),
      },
      resolve: (run, { metric, maxPoints, sinceStep }, { services }) =>
        services.runs.series(run.id, { metric, maxPoints: maxPoints ?? 500, sinceStep: sinceStep ?? null }, run.cursor),
    }),
    evaluations: t.loadableGroup({
      type: EvaluationRef,
      load: (ids: number[], { services }) => services.evaluations.ofRuns(ids),
      group: (evaluation) => evaluation.runId,
      resolve: (run) => run.id,
    }),
    jobs: t.loadableList({
      type: JobRef,
      description: 'What was asked about it besides its training, the newest first.',
      load: (ids: number[], { services }) => services.jobs.ofRuns(ids),
      resolve: (run) => run.id,
    }),
    checkpoints: t.loadableList({
      type: ModelRef,
      load: (ids: number[], { services }) => services.models.ofRuns(ids),
      resolve: (run) => run.id,
    }),
    log: t.connection(
      {
        type: LogLine,
        complexity: pageComplexity,
        resolve: (run, page, { services }) => keysetConnection(page, logOrder, services.runs.log(run.id)),
      },
      { name: 'LogConnection' },
      { name: 'LogEdge' },
    ),
  }),
})
