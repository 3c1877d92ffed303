import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ExplainedLabel, Handlers } from '@sporeprint/api'
import type { ExplainedLabel as EngineLabel, ExplainEvent, ExplainResult } from '@sporeprint/engine'
import sharp from 'sharp'
import { loadEngine } from '../engine.ts'
import { toldOfCrashes } from './crashes.ts'

/** Where the platform's explain job meets the engine's task. */
export const explainJob: Handlers['explain'] = async ({ modelPath, images, settings }, { signal, progress }) => {
  const { runTask, insideOf } = await loadEngine()
  const { segmenter, ...same } = settings
  const spec = {
    model: modelPath,
    images: images.map(({ path, labels }) => ({ path, ...(labels && { labels }) })),
    settings: { ...same, segmenter: { name: segmenter } },
  }
  const onEvent = (event: ExplainEvent): void => {
    if (event.type === 'prepare') {
      progress({ stage: 'preparing', done: event.done, total: event.total })
      return
    }
    const { image, images: total, samples, ofSamples } = event
    const share = ofSamples ? Math.min(1, samples / ofSamples) : 0
    // In hundredths of an image, of which each may take long.
    progress({
      stage: `explaining image ${image + 1} of ${total}`,
      done: Math.round(100 * (image + share)),
      total: 100 * total,
    })
  }
  const result = await toldOfCrashes(() => runTask('explain', spec, { signal, onEvent }))
  const explained = result.images.map(async ({ path, probabilities, segments, labels, samples, seconds }) => ({
    ...(await seen(path, result)),
    ...{ probabilities, segments, samples, seconds },
    labels: labels.map(toldLabel),
  }))
  return {
    modelSha256: await hashOf(await insideOf(modelPath)),
    classes: result.classes,
    size: result.size,
    images: await Promise.all(explained),
  }
}

/** A file's hash, and what the network sees of it as a PNG. */
async function seen(path: string, { size, preparation }: ExplainResult): Promise<{ sha256: string; picture: string }> {
  const { decodeImage } = await loadEngine()
  const bytes = await readFile(path)
  const raw = { width: size, height: size, channels: 4 } as const
  const png = await sharp(await decodeImage(bytes, size, preparation), { raw })
    .removeAlpha()
    .png()
    .toBuffer()
  return { sha256: hash('sha256', bytes), picture: `data:image/png;base64,${png.toString('base64')}` }
}

const toldLabel = ({
  label,
  probability,
  weights,
  intercept,
  r2,
  localPrediction,
  map,
  faithfulness,
}: EngineLabel): ExplainedLabel => ({
  ...{ label, probability, weights, intercept, r2, localPrediction, faithfulness },
  map: map && Buffer.from(map.buffer, map.byteOffset, map.byteLength).toString('base64'),
})

async function hashOf(file: string): Promise<string> {
  const digest = createHash('sha256')
  await pipeline(createReadStream(file), digest)
  return digest.digest('hex')
}
