import { builder } from '../../graphql/builder.ts'
import { JobRef, RunRef } from '../../graphql/refs.ts'
import type { WorkerView } from './workers.service.ts'

const WorkerStatus = builder.enumType('WorkerStatus', {
  description: 'BUSY: at work on a run or a job. LOST: no heartbeat lately; what it had is taken over.',
  values: ['IDLE', 'BUSY', 'LOST'] as const,
})

const WorkerRef = builder.objectRef<WorkerView>('Worker').implement({
  description: 'A process that takes jobs from the queue.',
  fields: (t) => ({
    id: t.exposeID('id'),
    host: t.exposeString('host'),
    pid: t.exposeInt('pid'),
    concurrency: t.exposeInt('concurrency', {
      description: 'Runs it trains at a time; short jobs it does one by one beside them.',
    }),
    status: t.expose('status', { type: WorkerStatus }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    heartbeatAt: t.expose('heartbeatAt', { type: 'DateTime' }),
    runs: t.field({ type: [RunRef], description: 'What it trains.', resolve: (worker) => worker.runIds }),
    jobs: t.field({ type: [JobRef], description: 'What else it works on.', resolve: (worker) => worker.jobIds }),
  }),
})

builder.queryField('workers', (t) =>
  t.field({ type: [WorkerRef], resolve: (_root, _args, { services }) => services.workers.list() }),
)
