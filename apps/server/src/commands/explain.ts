import { readFile, writeFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import type { ExplainEvent, ExplainResult, ExplainSettings, ImageExplanation } from '@sporeprint/engine'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import { CommandError, UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import type { Progress } from '../cli/progress.ts'
import { stoppable } from '../cli/stoppable.ts'
import { loadEngine } from '../engine.ts'
import { addModelOptions, type ModelOptions, modelArgument, modelHints } from './model-options.ts'

interface ExplainOptions extends ModelOptions {
  method: ExplainSettings['method']
  samples: number
  stable?: true
  segmenter: ExplainSettings['segmenter']['name']
  segments?: number
  compactness?: number
  kernelSize?: number
  scale?: number
  cell?: number
  hideColor?: [number, number, number]
  label?: string
  top: number
  seed: number
  layer: ExplainSettings['layer']
  patch?: number
  stride?: number
  faithfulness?: true
  superpixels: number
  opacity: number
  batch: number
  out?: string
}

/** `explain MODEL IMAGE`: what in an image speaks for a class, as a picture and as numbers. */
export function addExplainCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'explain', 'show what in an image a model goes by')
    .argument('<model>', modelArgument)
    .argument('<image>', 'the image file to explain')
  addModelOptions(command)
    .addOption(
      new Option('--method <name>', 'by superpixels (lime, shap) or by pixels (occlusion, gradcam)')
        .choices(['lime', 'shap', 'occlusion', 'gradcam'])
        .default('lime'),
    )
    .addOption(
      new Option('--samples <n>', 'pictures to classify for lime and shap')
        .default(1000)
        .argParser(wholeNumber(4, 1e6)),
    )
    .option('--stable', 'LIME with less noise, which stops early where it can')
    .addOption(
      new Option('--segmenter <name>', 'how superpixels are cut')
        .choices(['quickshift', 'slic', 'felzenszwalb', 'grid'])
        .default('quickshift'),
    )
    .addOption(new Option('--segments <n>', 'about how many superpixels slic cuts').argParser(wholeNumber(1, 100_000)))
    .addOption(new Option('--compactness <c>', 'how square slic cuts them').argParser(realNumber(1e-6, 1e6)))
    .addOption(
      new Option('--kernel-size <pixels>', 'width of the density that quickshift climbs').argParser(realNumber(1, 100)),
    )
    .addOption(new Option('--scale <s>', 'how large felzenszwalb cuts them').argParser(realNumber(1e-6, 1e6)))
    .addOption(new Option('--cell <pixels>', "side of grid's squares").argParser(wholeNumber(1, 1024)))
    .addOption(
      new Option('--hide-color <r,g,b>', 'what stands where a superpixel is hidden (default: its mean)').argParser(
        colour,
      ),
    )
    .option('--label <names>', 'classes to explain, separated by commas, by name or by index; by default the likeliest')
    .addOption(
      new Option('--top <n>', 'how many of the likeliest classes to explain')
        .default(1)
        .argParser(wholeNumber(1, 1000)),
    )
    .addOption(new Option('--seed <n>', 'of everything drawn').default(0).argParser(wholeNumber(0, 2 ** 32 - 1)))
    .addOption(
      new Option('--layer <name>', 'feature maps that gradcam weighs')
        .choices(['layer1', 'layer2', 'layer3', 'layer4'])
        .default('layer4'),
    )
    .addOption(new Option('--patch <pixels>', "side of occlusion's patch").argParser(wholeNumber(1, 1024)))
    .addOption(new Option('--stride <pixels>', 'how far it moves').argParser(wholeNumber(1, 1024)))
    .option('--faithfulness', 'measure how faithful the explanation is: deletion, insertion, ROAD')
    .addOption(
      new Option('--superpixels <n>', 'how many to paint, largest weights first')
        .default(5)
        .argParser(wholeNumber(1, 100_000)),
    )
    .addOption(new Option('--opacity <share>', 'of the paint').default(0.45).argParser(realNumber(0, 1)))
    .addOption(new Option('--batch <n>', 'pictures computed at once').default(16).argParser(wholeNumber(1, 4096)))
    .option(
      '--out <file.png>',
      'the picture; a panel goes beside it, as FILE.panel.png (default: <image>.<method>.png here)',
    )
    .action((model: string, image: string, options: ExplainOptions) => explainImage(io, model, image, options))
}

async function explainImage(io: Io, model: string, image: string, options: ExplainOptions): Promise<void> {
  const out = outFiles(image, options)
  const { runTask } = await loadEngine()
  const spec = {
    model,
    hints: modelHints(options),
    images: [{ path: image }],
    settings: settingsOf(options),
    batch: options.batch,
  }
  const words = { stopping: 'Stopping; once more to end at once.', stopped: 'stopped before the image was explained' }
  const result = await stoppable(io, words, ({ signal, progress }) =>
    runTask('explain', spec, { signal, onEvent: (event) => showProgress(progress, event), onWarning: io.log }),
  )
  await draw(image, result, options, out)
  const [explained] = result.images as [ImageExplanation]
  tell(io, explained, result, options.superpixels, out)
  io.document(documentOf(explained, result, out))
}

interface OutFiles {
  overlay: string
  panel: string
}

function outFiles(image: string, { out, method }: ExplainOptions): OutFiles {
  const overlay = resolve(out ?? `${basename(image, extname(image))}.${method}.png`)
  if (extname(overlay).toLowerCase() !== '.png') throw new UsageError(`--out ${out} must name a .png file`)
  return { overlay, panel: `${overlay.slice(0, -4)}.panel.png` }
}

function settingsOf(options: ExplainOptions): Partial<ExplainSettings> {
  const { method, samples, stable = false, top, seed, layer, patch, stride, faithfulness = false } = options
  if (stable && method !== 'lime') throw new UsageError(`--stable is of LIME, not of ${method}`)
  return {
    method,
    segmenter: segmenterOf(options),
    hideColour: options.hideColor ?? null,
    samples,
    stable,
    labels: options.label?.split(',').map(labelOf) ?? null,
    topLabels: top,
    seed,
    layer,
    patch: patch ?? null,
    stride: stride ?? null,
    faithfulness,
  }
}

function colour(text: string): [number, number, number] {
  const [red = -1, green = -1, blue = -1, ...more] = text.split(',').map(Number)
  const bytes = [red, green, blue]
  if (more.length === 0 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return [red, green, blue]
  throw new InvalidArgumentError('It must be three whole numbers from 0 to 255 with commas between.')
}

/** A class by name, or by its index where that is what is written. */
function labelOf(text: string): string | number {
  const label = text.trim()
  return /^\d+$/.test(label) ? Number(label) : label
}

/** The segmenter with those of its parameters that are given. Throws UsageError for another's. */
function segmenterOf({ segmenter: name, ...options }: ExplainOptions): ExplainSettings['segmenter'] {
  const own = {
    quickshift: ['kernelSize'],
    slic: ['segments', 'compactness'],
    felzenszwalb: ['scale'],
    grid: ['cell'],
  } as const
  const given: Record<string, number> = {}
  for (const [of, parameters] of Object.entries(own)) {
    for (const parameter of parameters) {
      const value = options[parameter]
      if (value === undefined) continue
      if (of !== name) {
        const option = parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
        throw new UsageError(`--${option} is a parameter of ${of}: it needs --segmenter ${of}`)
      }
      given[parameter] = value
    }
  }
  return { name, ...given }
}

function showProgress(progress: Progress, event: ExplainEvent): void {
  if (event.type === 'prepare') {
    progress.update({ label: 'Compiling pipelines', done: event.done, total: event.total, detail: '' })
  } else if (event.ofSamples !== null) {
    const done = Math.min(event.samples, event.ofSamples)
    progress.update({ label: 'Classifying pictures', done, total: event.ofSamples, detail: '' })
  }
}

/** The image at the side at which it is drawn, with what is said of it. */
async function draw(image: string, result: ExplainResult, options: ExplainOptions, out: OutFiles): Promise<void> {
  const { decodeImage } = await loadEngine()
  const { drawExplanation, drawnSide } = await import('../explain/draw.ts')
  const pixels = await decodeImage(await readFile(image), drawnSide(result.size), result.preparation)
  const [explained] = result.images as [ImageExplanation]
  const { overlay, panel } = await drawExplanation(pixels, explained, result, options)
  for (const [file, png] of [
    [out.overlay, overlay],
    [out.panel, panel],
  ] as const) {
    await writeFile(file, png).catch((cause: Error) => {
      throw new CommandError('DISK', `${file} cannot be written: ${cause.message}`, { cause })
    })
  }
}

function tell(io: Io, explained: ImageExplanation, { classes }: ExplainResult, most: number, out: OutFiles): void {
  io.say(classes.map((name, k) => `${name}: ${(explained.probabilities[k] as number).toFixed(3)}`).join(' '))
  for (const { label, weights, r2, localPrediction, faithfulness } of explained.labels) {
    if (weights !== null) {
      const of = `R² ${(r2 as number).toFixed(3)}, local prediction ${(localPrediction as number).toFixed(3)}`
      io.say(`${label}: ${explained.samples} samples, ${weights.length} superpixels, ${of}`)
      for (const { segment, weight, low, high } of weights.slice(0, most)) {
        const range = low === undefined ? '' : ` (${signed(low)} to ${signed(high as number)})`
        io.say(`  superpixel ${String(segment).padStart(3)}  ${signed(weight)}${range}`)
      }
    }
    if (faithfulness !== null) {
      const { deletion, insertion, road } = faithfulness
      io.say(`  deletion ${deletion.toFixed(3)}, insertion ${insertion.toFixed(3)}, ROAD ${road.toFixed(3)}`)
    }
  }
  io.log(`Explained in ${explained.seconds.toFixed(1)} s`)
  io.say(`Wrote ${out.overlay} and ${out.panel}`)
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`

/** The first class, and all of them under `labels`. */
function documentOf(explained: ImageExplanation, result: ExplainResult, out: OutFiles): unknown {
  const { path, probabilities, segments, labels, samples, seconds, uploadedBytes } = explained
  const { method, classes, size, adapter } = result
  const described = labels.map(({ map, ...label }) => ({
    ...label,
    // Four digits: what a picture can show.
    map: map && { width: size, height: size, values: Array.from(map, (value) => Number(value.toFixed(4))) },
  }))
  return {
    image: path,
    method,
    ...described[0],
    segments: segments && { width: size, height: size, ...segments },
    probabilities: Object.fromEntries(classes.map((name, k) => [name, probabilities[k]])),
    ...(described.length > 1 && { labels: described }),
    samples,
    seconds,
    uploadedBytes,
    adapter,
    ...out,
  }
}
