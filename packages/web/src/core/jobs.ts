import type { Api } from './api.ts'
import { jobsFeed } from './documents.ts'
import type { JobState } from './documents.types.ts'
import type { ApiError } from './errors.ts'

/** Follows the jobs of one kind that a run has; `load` is for what happened while nobody listened. */
export function followJobs(
  api: Api,
  of: { kind: JobState['kind']; run: string },
  handlers: { onJob(job: JobState): void; load(): Promise<void>; onError(error: ApiError): void },
): () => void {
  return api.subscribe(
    jobsFeed,
    {},
    {
      onData({ jobs: { job } }) {
        if (job?.kind === of.kind && job.run?.id === of.run) handlers.onJob(job)
      },
      onState: (feed) => feed === 'live' && void handlers.load(),
      onError: handlers.onError,
    },
  )
}

export const isUnderWay = (job: JobState | null): boolean => job?.status === 'QUEUED' || job?.status === 'RUNNING'

/** Rows of which the newest come first, so that those of one job, which are as old, are in the order in which it was given them. */
export function inOrderOfJobs<Row extends { job: { id: string } }>(rows: readonly Row[]): Row[] {
  const jobs = Map.groupBy(rows, ({ job }) => job.id)
  return [...jobs.values()].flatMap((ofJob) => ofJob.toReversed())
}

/** The best weights of a run, which are asked; null before there are any. */
export const bestModel = <Model extends { kind: 'best' | 'last' }>(
  models: readonly Model[] | undefined,
): Model | null => models?.find(({ kind }) => kind === 'best') ?? null
