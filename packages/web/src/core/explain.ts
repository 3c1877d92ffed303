/** Asking why a model says what it says. */
import type { Api } from './api.ts'
import { explainMutation } from './documents.ts'
import type { ExplainInput, ExplainMethod, ImageInput, SegmenterName, Source } from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import type { Store } from './store.ts'

export const methodNames: Record<ExplainMethod, string> = {
  lime: 'LIME',
  shap: 'KernelSHAP',
  gradcam: 'Grad-CAM',
  occlusion: 'Occlusion',
}

export const segmenterNames: Record<SegmenterName, string> = {
  quickshift: 'Quickshift',
  slic: 'SLIC',
  felzenszwalb: 'Felzenszwalb',
  grid: 'Grid',
}

/** Enough for intervals that say something, and few enough to wait for; LIME stops before where it knows. */
const usual = { samples: 1000, stable: true, topLabels: 3 } as const

/** The id of the job; null where it was refused, which the store then says. */
export async function explainFor(
  store: Store<{ error: ApiError | null }>,
  api: Api,
  input: ExplainInput,
): Promise<string | null> {
  try {
    const { explain } = await api.mutate(explainMutation, { input: { ...usual, ...input } })
    if ('message' in explain) throw new ApiError('NOT_EXPLAINED', explain.message)
    return explain.job.id
  } catch (error) {
    store.set({ error: asApiError(error) })
    return null
  }
}

/** An image as a mutation names it; null once its upload or dataset is deleted. */
export function imageOf({ upload, dataset, path }: Source): ImageInput | null {
  if (upload) return { upload: upload.id }
  return dataset && path !== null ? { dataset: dataset.id, path } : null
}
