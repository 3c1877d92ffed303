/** Explanations of a run's models: what one job has explained, or the latest, and how far a job is that is under way. */
import type { Api } from './api.ts'
import { explanationsQuery, jobQuery } from './documents.ts'
import type { ExplainInput, ExplanationsQuery, JobState } from './documents.types.ts'
import { type ApiError, asApiError } from './errors.ts'
import { explainFor, imageOf } from './explain.ts'
import { bestModel, followJobs, inOrderOfJobs } from './jobs.ts'
import { createStore, type ReadableStore } from './store.ts'

export type Explanation = ExplanationsQuery['explanations']['edges'][number]['node']
export type ExplainedLabel = Explanation['labels'][number]

export type How = Pick<ExplainInput, 'method' | 'segmenter' | 'labels' | 'faithfulness'>

export interface ExplanationsState {
  phase: 'loading' | 'ready' | 'missing'
  run: NonNullable<ExplanationsQuery['run']> | null
  explanations: readonly Explanation[]
  /** The job that is shown, or the latest that was heard of. */
  job: JobState | null
  error: ApiError | null
}

export interface ExplanationsStore extends ReadableStore<ExplanationsState> {
  /** Has an image explained in another way; the id of the job, null where that was refused. */
  explain(explanation: Explanation, how: How): Promise<string | null>
  retry(): Promise<void>
  close(): void
}

export function createExplanationsStore(api: Api, run: string, jobId: string | undefined): ExplanationsStore {
  const store = createStore<ExplanationsState>({
    phase: 'loading',
    run: null,
    explanations: [],
    job: null,
    error: null,
  })
  let closed = false
  const endFeed = followJobs(
    api,
    { kind: 'explain', run },
    {
      onJob(job) {
        if (jobId !== undefined && job.id !== jobId) return
        store.set({ job })
        if (job.status === 'SUCCEEDED') void load()
      },
      load,
      onError: (error) => store.set({ error }),
    },
  )
  void load()

  async function load(): Promise<void> {
    try {
      const filter = jobId === undefined ? { run } : { job: jobId }
      const [{ run: found, explanations }, asked] = await Promise.all([
        api.query(explanationsQuery, { run, filter }),
        jobId === undefined ? null : api.query(jobQuery, { id: jobId }),
      ])
      if (closed) return
      const rows = inOrderOfJobs(explanations.edges.map(({ node }) => node))
      const job = asked ? asked.job : store.get().job
      store.set({ phase: found ? 'ready' : 'missing', run: found, explanations: rows, job, error: null })
    } catch (error) {
      if (!closed) store.set({ error: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: load,
    async explain({ source }, how) {
      const model = bestModel(store.get().run?.checkpoints)
      const image = imageOf(source)
      return model === null || image === null
        ? null
        : explainFor(store, api, { model: model.id, images: [image], ...how })
    },
    close() {
      closed = true
      endFeed()
    },
  }
}
