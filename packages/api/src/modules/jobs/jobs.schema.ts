import { Conflict, NotFound } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { eventOf } from '../../graphql/event-of.ts'
import { keysetConnection, pageComplexity } from '../../graphql/keyset.ts'
import { byId, JobRef, RunRef } from '../../graphql/refs.ts'
import type { JobProgress } from '../../jobs/contracts.ts'
import { RunErrorRef, SkippedFileRef } from '../runs/run.types.ts'
import { newestJobs } from './jobs.service.ts'
import { jobKinds, jobStatus } from './jobs.table.ts'

const JobKind = builder.enumType('JobKind', { values: jobKinds })
const JobStatus = builder.enumType('JobStatus', { values: jobStatus.enumValues })

const JobProgressRef = builder.objectRef<JobProgress>('JobProgress').implement({
  description: '`done` of `total` of what the stage names.',
  fields: (t) => ({
    stage: t.exposeString('stage'),
    done: t.exposeInt('done'),
    total: t.exposeInt('total'),
  }),
})

JobRef.implement({
  description:
    'What was asked of workers besides trainings. Where a worker dies at it, another does it from the start; its result is there once it has SUCCEEDED.',
  fields: (t) => ({
    kind: t.expose('kind', { type: JobKind }),
    status: t.expose('status', { type: JobStatus }),
    run: t.field({ type: RunRef, nullable: true, description: 'What it is about.', resolve: (job) => job.runId }),
    progress: t.expose('progress', { type: JobProgressRef, nullable: true }),
    error: t.expose('error', { type: RunErrorRef, nullable: true, description: 'Why it FAILED.' }),
    skipped: t.expose('skipped', {
      type: [SkippedFileRef],
      description: 'Images that could not be read, and why.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
  }),
})

const JobFilter = builder.inputType('JobFilter', {
  fields: (t) => ({
    kind: t.field({ type: JobKind }),
    status: t.field({ type: [JobStatus], description: 'In any of these states.' }),
    run: t.globalID({ for: RunRef }),
  }),
})

builder.queryFields((t) => ({
  job: byId(t, JobRef),
  jobs: t.connection(
    {
      type: JobRef,
      description: 'The newest first.',
      args: { filter: t.arg({ type: JobFilter }) },
      complexity: pageComplexity,
      resolve: (_root, { filter, ...page }, { services }) => {
        const where = { kind: filter?.kind, status: filter?.status, runId: filter?.run?.id }
        return keysetConnection(page, newestJobs, services.jobs.list(where))
      },
    },
    { name: 'JobConnection' },
    { name: 'JobEdge' },
  ),
}))

builder.mutationField('stopJob', (t) =>
  t.field({
    type: JobRef,
    description: 'Stops it, queued or running; nothing of it is stored.',
    errors: { types: [NotFound, Conflict], dataField: { name: 'job' } },
    args: { id: t.arg.globalID({ required: true, for: JobRef }) },
    resolve: (_root, { id }, { services }) => services.jobs.stop(id.id),
  }),
)

const JobEvent = eventOf('Job', JobRef)

builder.subscriptionField('jobs', (t) =>
  t.field({
    type: JobEvent,
    description: 'Every change of any job.',
    subscribe: (_root, _args, { services }) => services.live.all('job'),
    resolve: (message) => message,
  }),
)
