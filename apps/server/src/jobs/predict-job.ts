import type { Handlers, ImageFile, PredictedImage } from '@sporeprint/api'
import type { ImagePrediction } from '@sporeprint/engine'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'

/** Where the platform's predict job meets the engine's task. */
export const predictJob: Handlers['predict'] = async ({ modelPath, images, settings }, { signal, progress }) => {
  const { runTask, thumbnail } = await loadEngine()
  const { tta, abstain, temperature } = settings
  const spec = {
    model: modelPath,
    images: images.map(({ path }) => path),
    tta: tta ? {} : null,
    abstain,
    ...(temperature !== null && { temperature }),
  }
  const onEvent = ({ done, total }: { done: number; total: number }): void =>
    progress({ stage: 'classifying', done, total })
  const { model, predictions, unreadable } = await toldOfCrashes(() => runTask('predict', spec, { signal, onEvent }))

  const reasons = new Map(unreadable.map(({ image, reason }) => [image, reason]))
  const readable = [...images.entries()].filter(([, { path }]) => !reasons.has(path))
  const said = readable.map(async ([index, { path }], i) => ({
    index,
    thumbnail: await thumbnail(path),
    ...predicted(predictions[i] as ImagePrediction, model.classes),
  }))
  return {
    modelSha256: model.sha256,
    classes: model.classes,
    temperature: model.temperature,
    images: await Promise.all(said),
    skipped: images.flatMap(({ name, path }: ImageFile) => {
      const reason = reasons.get(path)
      return reason === undefined ? [] : [{ path: name, reason }]
    }),
  }
}

function predicted(
  { sha256, label, confidence, probabilities, logits, distance, outlier }: ImagePrediction,
  classes: readonly string[],
): Omit<PredictedImage, 'index' | 'thumbnail'> {
  const byClass = classes.map((name) => probabilities[name] as number)
  return { sha256, label, confidence, probabilities: byClass, logits, distance, outlier }
}
