import { lime, type MaskedClassifier, type Pixels, segment } from '@sporeprint/explain'
import { ParameterStore } from '../compile/store.ts'
import { spread } from '../compile/timing.ts'
import type { AdapterInfo, Device } from '../gpu/device.ts'
import { MaskedInference } from '../infer/masked-inference.ts'
import type { Arch } from '../nn/resnet.ts'
import { initialiseWeights } from '../weights/state-dict.ts'
import type { BenchProgress } from './measure.ts'
import { benchNetwork } from './network.ts'

export interface ExplainBenchOptions {
  arch: Arch
  /** Side of the picture, in pixels. */
  size: number
  /** Samples of one explanation, and how many of them are computed at once. */
  samples: number
  batch: number
  /** Measured explanations. */
  runs: number
  onProgress?: BenchProgress
}

/** What one explanation by LIME takes: the median of several. */
export interface ExplainBench {
  adapter: AdapterInfo
  arch: Arch
  size: number
  samples: number
  batch: number
  runs: number
  superpixels: number
  /** From the picture to the weights. */
  seconds: number
  /** Of which: cutting it into superpixels, the model's answers, and the rest, which is drawing masks and fitting. */
  segmentSeconds: number
  classifySeconds: number
  fitSeconds: number
  samplesPerSecond: number
  /** Share of the device's time that composing the pictures takes; null where the device's clock cannot be read. */
  maskShare: number | null
  /** Written to the device: the picture, what hides it, its superpixels and the masks. */
  uploadedBytes: number
  /** What whole pictures would have been, in bytes a channel. */
  pictureBytes: number
  /** Device memory: weights, activations, pictures. */
  peakBytes: number
  compileMs: number
}

/** Times LIME on a device that has nothing else to do; one explanation goes before those that count. */
export async function benchExplain(
  device: Device,
  { arch, size, samples, batch, runs, onProgress = () => {} }: ExplainBenchOptions,
): Promise<ExplainBench> {
  const model = benchNetwork(arch)
  const store = new ParameterStore(device, model.elements, model.stateElements)
  initialiseWeights(model, store, 1)
  const started = performance.now()
  let masked: MaskedInference | null = null
  try {
    masked = await MaskedInference.record(device, model, store, { batch, size })
    const compileMs = performance.now() - started
    const image = picture(size)
    const once = await timeLime(masked, image, Math.min(samples, 2 * batch))
    const before = masked.uploaded
    const times: LimeTimes[] = []
    for (let run = 0; run < runs; run++) {
      onProgress('Explanations', run, runs)
      times.push(await timeLime(masked, image, samples))
    }
    onProgress('Explanations', runs, runs)
    device.check()
    const profile = await masked.profile()
    const median = (of: (time: LimeTimes) => number): number => spread(times.map(of)).median / 1000
    const seconds = median(({ segmentMs, classifyMs, fitMs }) => segmentMs + classifyMs + fitMs)
    return {
      adapter: device.adapter,
      arch,
      size,
      samples,
      batch,
      runs,
      superpixels: once.superpixels,
      seconds,
      segmentSeconds: median(({ segmentMs }) => segmentMs),
      classifySeconds: median(({ classifyMs }) => classifyMs),
      fitSeconds: median(({ fitMs }) => fitMs),
      samplesPerSecond: samples / seconds,
      maskShare: profile && profile.maskMs / profile.totalMs,
      uploadedBytes: (masked.uploaded - before) / runs,
      pictureBytes: 4 * samples * size ** 2,
      peakBytes: store.bytes + masked.bytes,
      compileMs,
    }
  } finally {
    masked?.destroy()
    store.destroy()
  }
}

interface LimeTimes {
  superpixels: number
  segmentMs: number
  classifyMs: number
  fitMs: number
}

async function timeLime(masked: MaskedInference, image: Pixels, samples: number): Promise<LimeTimes> {
  let classifyMs = 0
  const classifier: MaskedClassifier = {
    classes: masked.classes,
    async classifyMasked(scene, masks) {
      const asked = performance.now()
      const probabilities = await masked.classifyMasked(scene, masks)
      classifyMs += performance.now() - asked
      return probabilities
    },
  }
  const started = performance.now()
  const segments = segment(image, { name: 'quickshift' })
  const segmented = performance.now()
  await lime(classifier, image, { segments, samples, topLabels: 1 })
  const fitMs = performance.now() - segmented - classifyMs
  return { superpixels: segments.count, segmentMs: segmented - started, classifyMs, fitMs }
}

/** Soft blobs of colour: about as many superpixels as a photograph has. */
function picture(size: number): Pixels {
  const data = new Uint8Array(4 * size * size).fill(255)
  for (let p = 0; p < size * size; p++) {
    const [x, y] = [(p % size) / size, Math.floor(p / size) / size]
    for (let c = 0; c < 3; c++) {
      const wave = Math.sin(19 * x + 5 * y + 2 * c) + Math.sin(7 * x - 17 * y + 3 * c) + Math.sin(11 * x * y * (c + 1))
      data[4 * p + c] = 128 + 40 * wave
    }
  }
  return { width: size, height: size, data }
}
