/** What a run's best weights are worth, and the job that finds it out: brought by a query, and again when a job has changed. */
import type { Api } from './api.ts'
import { evaluateMutation, evaluationsQuery } from './documents.ts'
import type { Checkpoint, EvaluationsQuery, ExplainInput, JobState } from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import { explainFor } from './explain.ts'
import { bestModel, followJobs } from './jobs.ts'
import { createStore, type ReadableStore } from './store.ts'

export type Evaluation = NonNullable<EvaluationsQuery['run']>['evaluations'][number]
export type Sample = Evaluation['topLosses'][number]
export type ConfusedPair = Evaluation['mostConfused'][number]

/** Which images are to be explained. */
export type Subjects = Pick<ExplainInput, 'topLosses' | 'confusedPairs' | 'split' | 'images' | 'labels'>

export interface EvaluationState {
  phase: 'loading' | 'ready'
  /** Test before validation before training: the nearest to the truth comes first. */
  evaluations: readonly Evaluation[]
  /** The dataset, of which they name images. */
  dataset: string | null
  /** The best weights, which can be asked. */
  model: Checkpoint | null
  /** The latest that was asked for, if any. */
  job: JobState | null
  error: ApiError | null
}

export interface EvaluationStore extends ReadableStore<EvaluationState> {
  evaluate(): Promise<void>
  /** Has the images explained on which it did worst; the id of the job, null where that was refused. */
  explain(which: Subjects): Promise<string | null>
  retry(): Promise<void>
  close(): void
}

/** A pair's images: why they were taken for what they are not, and what spoke for the truth. */
export const subjectsOf = ({ actual, predicted, images }: ConfusedPair, dataset: string): Subjects => ({
  images: images.map(({ path }) => ({ dataset, path })),
  labels: [predicted, actual],
})

const order: readonly Evaluation['split'][] = ['test', 'valid', 'train']

export function createEvaluationStore(api: Api, runId: string): EvaluationStore {
  const store = createStore<EvaluationState>({
    phase: 'loading',
    evaluations: [],
    dataset: null,
    model: null,
    job: null,
    error: null,
  })
  let closed = false
  const endFeed = followJobs(
    api,
    { kind: 'evaluate', run: runId },
    {
      onJob(job) {
        const before = store.get().job
        store.set({ job })
        if (before?.id !== job.id || before.status !== job.status) void load()
      },
      load,
      onError: (error) => store.set({ error }),
    },
  )
  void load()

  async function load(): Promise<void> {
    try {
      const { run } = await api.query(evaluationsQuery, { id: runId })
      if (closed) return
      const evaluations = (run?.evaluations ?? []).toSorted((a, b) => order.indexOf(a.split) - order.indexOf(b.split))
      const job = run?.jobs.find(({ kind }) => kind === 'evaluate') ?? null
      const model = bestModel(run?.checkpoints)
      store.set({ phase: 'ready', evaluations, dataset: run?.dataset.id ?? null, model, job, error: null })
    } catch (error) {
      if (!closed) store.set({ error: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: load,
    async evaluate() {
      try {
        const { evaluate } = await api.mutate(evaluateMutation, { input: { run: runId } })
        if ('message' in evaluate) throw new ApiError('NOT_EVALUATED', evaluate.message)
        store.set({ job: evaluate.job, error: null })
      } catch (error) {
        store.set({ error: asApiError(error) })
      }
    },
    async explain(which) {
      const { model } = store.get()
      return model === null ? null : explainFor(store, api, { model: model.id, ...which })
    },
    close() {
      closed = true
      endFeed()
    },
  }
}
