/**
 * How well a model's scores tell images that it knows from others: the area under the ROC curve of three scores, for each folder of
 * other images and for noise. ½ is chance.
 *
 *   npm run bench:outliers -w test -- MODEL KNOWN_DIR OTHER_DIR…
 *
 * MODEL must be calibrated (sporeprint calibrate); KNOWN_DIR holds images that neither training nor calibration saw.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageInput, type ImagePrediction, runTask } from '@sporeprint/engine/node'
import { logSumExp, rank, rocAuc } from '@sporeprint/metrics'
import sharp from 'sharp'
import { reference } from '../parity/internals.ts'

const [model, known, ...others] = process.argv.slice(2)
if (model === undefined || known === undefined)
  throw new Error('name a model, a folder of known images, and folders of others')

/** The higher, the less known. */
const scores: Record<string, (said: ImagePrediction) => number> = {
  '1 − largest probability': ({ confidence }) => -confidence,
  energy: ({ logits }) => -logSumExp(logits, 0, logits.length),
  distance: ({ distance }) => distance ?? Number.NaN,
}

async function imagesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => /\.(png|jpe?g|webp)$/i.test(name)).map((name) => join(folder, name))
}

/** Noise of the formula, one pixel a value and four times enlarged. */
async function noise(count: number): Promise<ImageInput[]> {
  const side = 64
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const size = i % 2 === 0 ? side : side / 4
      const rgb = Uint8Array.from(reference.formulaPixels(i, 1, size))
      const image = sharp(rgb, { raw: { width: size, height: size, channels: 3 } }).resize(side, side)
      return { name: `noise ${i}`, bytes: await image.png().toBuffer() }
    }),
  )
}

async function predict(images: readonly ImageInput[]): Promise<ImagePrediction[]> {
  const { predictions, model: described } = await runTask('predict', { model: model as string, images })
  if (described.calibration === null) throw new Error(`${model} is not calibrated: sporeprint calibrate MODEL DIR`)
  return predictions
}

const inside = await predict(await imagesOf(known))
const sets = new Map<string, ImagePrediction[]>()
for (const folder of others) sets.set(folder, await predict(await imagesOf(folder)))
sets.set('noise', await predict(await noise(200)))

console.log(`| ${['Other images', 'Number', ...Object.keys(scores), 'called outliers'].join(' | ')} |`)
console.log(`|${'---|'.repeat(3 + Object.keys(scores).length)}`)
const outliers = (said: ImagePrediction[]): string =>
  `${((100 * said.filter(({ outlier }) => outlier).length) / said.length).toFixed(1)} %`
console.log(`| (known) | ${inside.length} |${' |'.repeat(Object.keys(scores).length)} ${outliers(inside)} |`)
for (const [name, said] of sets) {
  const labels = [...inside.map(() => 0), ...said.map(() => 1)]
  const areas = Object.values(scores).map((score) => rocAuc(rank(labels, [...inside, ...said].map(score))).toFixed(3))
  console.log(`| ${name} | ${said.length} | ${areas.join(' | ')} | ${outliers(said)} |`)
}
