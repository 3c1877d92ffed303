/** Images that a reader brings, and what a run's best weights say of them. */
import type { Api } from './api.ts'
import { jobQuery, predictionsQuery, predictMutation } from './documents.ts'
import type { Checkpoint, JobState, PredictionsQuery } from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import { explainFor, imageOf } from './explain.ts'
import { bestModel, followJobs, inOrderOfJobs, isUnderWay } from './jobs.ts'
import { createStore, type ReadableStore } from './store.ts'
import { uploadFile } from './uploads.ts'

export type Prediction = PredictionsQuery['predictions']['edges'][number]['node']

export interface PredictSettings {
  /** Below this probability of its likeliest class an image gets no label. */
  abstain: number
  /** Average over augmented versions of each image, too. */
  tta: boolean
}

export interface PredictState {
  phase: 'loading' | 'ready' | 'missing'
  run: NonNullable<PredictionsQuery['run']> | null
  /** null before the run has a checkpoint. */
  model: Checkpoint | null
  /** What was asked last comes first. */
  predictions: readonly Prediction[]
  uploading: { done: number; total: number } | null
  /** The latest that was asked for here. */
  job: JobState | null
  error: ApiError | null
}

export interface PredictStore extends ReadableStore<PredictState> {
  predict(files: readonly File[], settings: PredictSettings): Promise<void>
  /** The id of the job that explains it; null where that was refused. */
  explain(prediction: Prediction): Promise<string | null>
  retry(): Promise<void>
  close(): void
}

export function createPredictStore(api: Api, run: string): PredictStore {
  const store = createStore<PredictState>({
    phase: 'loading',
    run: null,
    model: null,
    predictions: [],
    uploading: null,
    job: null,
    error: null,
  })
  let closed = false
  const endFeed = followJobs(
    api,
    { kind: 'predict', run },
    {
      onJob(job) {
        const before = store.get().job
        if (before?.id === job.id) store.set({ job })
        if (job.status === 'SUCCEEDED') void load()
      },
      load,
      onError: (error) => store.set({ error }),
    },
  )
  void load()

  async function load(): Promise<void> {
    try {
      const { job: asked } = store.get()
      const [{ run: found, predictions }, now] = await Promise.all([
        api.query(predictionsQuery, { run }),
        asked && isUnderWay(asked) ? api.query(jobQuery, { id: asked.id }) : null,
      ])
      if (closed) return
      store.set({
        ...(now?.job && { job: now.job }),
        phase: found ? 'ready' : 'missing',
        run: found,
        model: bestModel(found?.checkpoints),
        predictions: inOrderOfJobs(predictions.edges.map(({ node }) => node)),
      })
    } catch (error) {
      if (!closed) store.set({ error: asApiError(error) })
    }
  }

  async function predict(files: readonly File[], settings: PredictSettings): Promise<void> {
    const { model, uploading } = store.get()
    if (model === null || uploading !== null || files.length === 0) return
    store.set({ uploading: { done: 0, total: files.length }, error: null })
    try {
      const images: { upload: string }[] = []
      for (const file of files) {
        images.push({ upload: await uploadFile(api, file) })
        store.set({ uploading: { done: images.length, total: files.length } })
      }
      const { predict } = await api.mutate(predictMutation, { input: { model: model.id, images, ...settings } })
      if ('message' in predict) throw new ApiError('NOT_PREDICTED', predict.message)
      store.set({ uploading: null, job: predict.job })
      // It may have ended before this was answered.
      await load()
    } catch (error) {
      store.set({ uploading: null, error: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    predict,
    async explain({ source }) {
      const { model } = store.get()
      const image = imageOf(source)
      return model === null || image === null ? null : explainFor(store, api, { model: model.id, images: [image] })
    },
    async retry() {
      store.set({ error: null })
      await load()
    },
    close() {
      closed = true
      endFeed()
    },
  }
}
