/** Explanations of a trained network, which is asked on the device: the methods themselves are @sporeprint/explain's. */
import {
  type AttributionMap,
  type ExplainedImage,
  encodeRuns,
  explanationData,
  faithfulness,
  gradCam,
  kernelShap,
  labelsToExplain,
  lime,
  type MaskedClassifier,
  occlusion,
  type Pixels,
  perPixel,
  road,
  segment,
  stableLime,
} from '@sporeprint/explain'
import { softmax } from '@sporeprint/metrics'
import type { ParameterStore } from '../compile/store.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { FeatureGradients } from '../infer/feature-gradients.ts'
import { MaskedInference } from '../infer/masked-inference.ts'
import type { FeatureLayer, ResNet } from '../nn/resnet.ts'
import { loadModel, type SavedModel } from '../weights/model.ts'
import {
  type ExplainedLabel,
  type ExplainSettings,
  explainDefaults,
  type Faithfulness,
  type ImageExplanation,
} from './spec.ts'

/** Of the intervals of weights. */
const confidence = 0.95

export interface ExplainerOptions {
  /** Samples computed at once. Default 16. */
  batch?: number
  /** Told how many of a program's pipelines are ready. */
  onPipeline?: (done: number, total: number) => void
}

export interface Watch {
  signal?: AbortSignal | undefined
  /** Told how many pictures have been classified, and of how many where that is known. */
  onSamples?: ((samples: number, ofSamples: number | null) => void) | undefined
}

/** An image's explanation before it has a name. */
export type Explained = Omit<ImageExplanation, 'path'>

/** What a method makes of an image. */
interface Attributed {
  probabilities: Float64Array
  segments: Explained['segments']
  labels: (Omit<ExplainedLabel, 'label' | 'probability' | 'faithfulness'> & { values: Float64Array })[]
  samples: number
}

/** A trained network on a device, with the programs by which its predictions are explained. One image at a time. */
export class Explainer {
  readonly model: ResNet
  /** Side of the images it takes, in pixels. */
  readonly size: number
  readonly #device: Device
  readonly #store: ParameterStore
  /** What logits are divided by: the calibration's, so that an explanation speaks of the probabilities that a prediction says. */
  readonly #temperature: number
  readonly #options: ExplainerOptions
  #masked: MaskedInference | null = null
  #gradients: { layer: FeatureLayer; of: FeatureGradients } | null = null

  /** Takes what `readModel` gave. Programs are compiled when a method first needs them. */
  static load(device: Device, saved: SavedModel, options: ExplainerOptions = {}): Explainer {
    const { model, store } = loadModel(device, saved)
    return new Explainer(device, model, store, saved, options)
  }

  private constructor(
    device: Device,
    model: ResNet,
    store: ParameterStore,
    { preprocessing, calibration }: SavedModel,
    options: ExplainerOptions,
  ) {
    this.model = model
    this.size = preprocessing.size
    this.#device = device
    this.#store = store
    this.#temperature = calibration?.temperature ?? 1
    this.#options = options
  }

  /** The network as every method of @sporeprint/explain asks it: the masking is done on the device. */
  async classifier(): Promise<MaskedInference> {
    const { batch = 16, onPipeline } = this.#options
    return (this.#masked ??= await MaskedInference.record(
      this.#device,
      this.model,
      this.#store,
      { batch, size: this.size, temperature: this.#temperature },
      onPipeline,
    ))
  }

  /**
   * Explains what the network says of an image, u8 RGBA [size, size, 4]. Throws BAD_CONFIG for a class that there is not, ABORTED when the
   * signal fires, OUT_OF_MEMORY where programs do not fit.
   */
  async explain(
    pixels: Uint8Array,
    settings: Partial<ExplainSettings> = {},
    { signal, onSamples }: Watch = {},
  ): Promise<Explained> {
    const { size } = this
    if (pixels.length !== 4 * size ** 2) {
      throw new EngineError('BAD_CONFIG', `${pixels.length} bytes are no image of ${size} × ${size} pixels of RGBA`)
    }
    const started = performance.now()
    const uploadedBefore = this.#uploaded
    const all = { ...explainDefaults, ...settings }
    const image: Pixels = { width: size, height: size, data: pixels }
    const ask = { signal, onSamples, ofSamples: all.method === 'occlusion' ? null : all.samples }
    const attributed = await this.#attribute(this.#asking(ask), image, all, signal)
    const labels: ExplainedLabel[] = []
    for (const { values, index, ...rest } of attributed.labels) {
      const [label, probability] = [this.model.classes[index] as string, attributed.probabilities[index] as number]
      const trust = all.faithfulness ? await trustIn(this.#asking({ signal }), image, index, values, all.seed) : null
      labels.push({ label, index, probability, ...rest, faithfulness: trust })
    }
    return {
      probabilities: [...attributed.probabilities],
      segments: attributed.segments,
      labels,
      samples: attributed.samples,
      seconds: (performance.now() - started) / 1000,
      uploadedBytes: this.#uploaded - uploadedBefore,
    }
  }

  /** The network, whose program is compiled when it is first asked. `ofSamples`: how many pictures will be, where that is known. */
  #asking({ signal, onSamples, ofSamples = null }: Watch & { ofSamples?: number | null }): MaskedClassifier {
    let done = 0
    return {
      classes: this.model.classes.length,
      classifyMasked: async (scene, masks) => {
        const masked = await this.classifier()
        const onBatch = (samples: number) => onSamples?.((done += samples), ofSamples ?? masks.samples)
        return masked.classifyMasked(scene, masks, { signal, onBatch })
      },
    }
  }

  get #uploaded(): number {
    return (this.#masked?.uploaded ?? 0) + (this.#gradients?.of.uploaded ?? 0)
  }

  async #attribute(
    classifier: MaskedClassifier,
    image: Pixels,
    settings: ExplainSettings,
    signal: AbortSignal | undefined,
  ): Promise<Attributed> {
    const { method, segmenter, hideColour, samples, stable, seed, topLabels, patch, stride, layer } = settings
    const labels = settings.labels && indicesOf(settings.labels, this.model.classes)
    const chosen = labels ? { labels } : { topLabels }
    switch (method) {
      case 'lime':
      case 'shap': {
        const explain = method === 'shap' ? kernelShap : stable ? stableLime : lime
        const segments = segment(image, segmenter, seed)
        const options = { ...chosen, segments, samples, seed, confidence, ...(hideColour && { hideColour }) }
        return bySegment(await explain(classifier, image, options))
      }
      case 'occlusion': {
        const patches = { ...(patch !== null && { patch }), ...(stride !== null && { stride }) }
        return byPixel(await occlusion(classifier, image, { ...chosen, ...patches }))
      }
      case 'gradcam':
        return this.#gradCam(image, layer, chosen, signal)
    }
  }

  async #gradCam(
    image: Pixels,
    layer: FeatureLayer,
    chosen: { labels: readonly number[] } | { topLabels: number },
    signal: AbortSignal | undefined,
  ): Promise<Attributed> {
    const gradients = await this.#gradientsAt(layer)
    const pixels = new Uint8Array(image.data)
    const { logits } = await gradients.of(pixels, 0)
    const probabilities = softmax(logits, logits.length, this.#temperature)
    const maps: AttributionMap[] = []
    for (const label of labelsToExplain(probabilities, chosen)) {
      throwIfAborted(signal)
      maps.push(gradCam({ label, ...(await gradients.of(pixels, label)) }, image))
    }
    return byPixel({ probabilities, maps, samples: 1 })
  }

  async #gradientsAt(layer: FeatureLayer): Promise<FeatureGradients> {
    if (this.#gradients?.layer === layer) return this.#gradients.of
    this.#gradients?.of.destroy()
    this.#gradients = null
    const { onPipeline } = this.#options
    const options = { size: this.size, layer }
    const of = await FeatureGradients.record(this.#device, this.model, this.#store, options, onPipeline)
    this.#gradients = { layer, of }
    return of
  }

  destroy(): void {
    this.#masked?.destroy()
    this.#gradients?.of.destroy()
    this.#store.destroy()
  }
}

/** Classes by name or index as indices. Throws BAD_CONFIG for one that there is not. */
export function indicesOf(labels: readonly (string | number)[], classes: readonly string[]): number[] {
  return labels.map((label) => {
    const index = typeof label === 'number' ? label : classes.indexOf(label)
    if (Number.isInteger(index) && index >= 0 && index < classes.length) return index
    throw new EngineError('BAD_CONFIG', `the model has no class ${label}: it tells apart ${classes.join(', ')}`)
  })
}

function bySegment({ probabilities, segments, explanations, samples }: ExplainedImage): Attributed {
  const labels = explanations.map((explanation) => {
    const { label: index, ...data } = explanationData(explanation)
    return { index, ...data, map: null, values: perPixel(segments, explanation.weights) }
  })
  return { probabilities, segments: { count: segments.count, runs: encodeRuns(segments) }, labels, samples }
}

function byPixel(of: { probabilities: Float64Array; maps: AttributionMap[]; samples: number }): Attributed {
  const none = { weights: null, intercept: null, r2: null, localPrediction: null }
  const labels = of.maps.map(({ label: index, values }) => ({ index, ...none, map: Float32Array.from(values), values }))
  return { probabilities: of.probabilities, segments: null, labels, samples: of.samples }
}

async function trustIn(
  classifier: MaskedClassifier,
  image: Pixels,
  label: number,
  map: Float64Array,
  seed: number,
): Promise<Faithfulness> {
  const { deletion, insertion } = await faithfulness(classifier, image, label, map)
  const { score } = await road(classifier, image, label, map, { seed })
  return { deletion: deletion.auc, insertion: insertion.auc, road: score }
}
