import { writeFile } from 'node:fs/promises'
import type { Arch, BenchProgress, InferenceBench } from '@sporeprint/engine/node'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import { CommandError, describeError, UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { wholeNumber } from '../cli/numbers.ts'
import { stoppable } from '../cli/stoppable.ts'
import { readAugmentation } from '../train/augmentation.ts'
import type { GivenSettings } from '../train/settings.ts'
import { onDevice, withAdapters } from './bench-device.ts'
import { settingOption } from './setting-option.ts'

interface NetworkOptions {
  arch: Arch
  size: number
}

interface StepOptions extends NetworkOptions {
  batch: number
}

interface PreciseOptions extends StepOptions {
  precision: 'f32' | 'mixed'
}

interface ExplanationOptions extends StepOptions {
  samples: number
  runs: number
}

interface TrainingOptions extends PreciseOptions, Pick<GivenSettings, 'augment' | 'mixup' | 'cutmix'> {
  steps: number
  trace?: string
}

interface TuneOptions extends PreciseOptions {
  rounds: number
}

interface InferOptions {
  arch: Arch[]
  size: number
  images: number[]
  adapter?: string
}

interface KernelOptions extends StepOptions {
  runs: number
  target: 'adapter' | 'gpu'
}

/** `bench train|infer|explain|kernels|tune`: measured on the device with nothing else on it, warm-up apart, every step waited for. */
export function addBenchCommand(program: Command, io: Io): void {
  const bench = program.command('bench').description('measure how fast this machine trains and infers')

  addNetworkCommand(bench, 'train', 'time training steps, and their kernels, on synthetic images')
    .addOption(batchOption())
    .addOption(precisionOption())
    .addOption(new Option('--steps <n>', 'measured steps').default(10).argParser(wholeNumber(1, 10_000)))
    .addOption(settingOption('augment'))
    .addOption(settingOption('mixup'))
    .addOption(settingOption('cutmix'))
    .option('--trace <file>', 'write one step by kernel as a trace for chrome://tracing or ui.perfetto.dev')
    .action((options: TrainingOptions) => benchTrain(io, options))

  addCommand(bench, 'infer', "time inference of samples of several sizes, on every adapter: the notebook's table")
    .addOption(new Option('--arch <name,…>', 'networks').default([...archs], archs.join()).argParser(archNames))
    .addOption(sizeOption())
    .option('--adapter <name>', 'only adapters with this in their names (default: all that are found)')
    .addOption(
      new Option('--images <n,…>', 'sample sizes')
        .default([1, 10, 50, 100, 500], '1,10,50,100,500')
        .argParser(sampleSizes),
    )
    .action((options: InferOptions) => benchInfer(io, options))

  addNetworkCommand(bench, 'explain', 'time explanations of a picture by LIME')
    .addOption(batchOption())
    .addOption(
      new Option('--samples <n>', 'pictures classified for each').default(1000).argParser(wholeNumber(2, 1_000_000)),
    )
    .addOption(new Option('--runs <n>', 'measured explanations').default(3).argParser(wholeNumber(1, 1000)))
    .action((options: ExplanationOptions) => benchExplain(io, options))

  addNetworkCommand(bench, 'kernels', "time each distinct convolution of a network's training step by itself")
    .addOption(batchOption())
    .addOption(new Option('--runs <n>', 'measured runs of each').default(5).argParser(wholeNumber(1, 1000)))
    .addOption(
      new Option('--target <kind>', 'choose variants as for this adapter, or as for any GPU')
        .choices(['adapter', 'gpu'])
        .default('adapter'),
    )
    .action((options: KernelOptions) => benchKernels(io, options))

  addNetworkCommand(
    bench,
    'tune',
    "choose each convolution's fastest variant by measuring, and keep it for this adapter",
  )
    .addOption(batchOption())
    .addOption(precisionOption())
    .addOption(new Option('--rounds <n>', 'timed runs of each variant').default(7).argParser(wholeNumber(1, 1000)))
    .action((options: TuneOptions) => benchTune(io, options))
}

const archs = ['resnet18', 'resnet34', 'resnet50'] as const satisfies Arch[]

const addNetworkCommand = (bench: Command, name: string, description: string): Command =>
  addCommand(bench, name, description)
    .addOption(new Option('--arch <name>', 'network').choices(archs).default('resnet18'))
    .addOption(sizeOption())

const sizeOption = (): Option =>
  new Option('--size <pixels>', 'side of the images').default(224).argParser(wholeNumber(32, 1024))

const batchOption = (): Option =>
  new Option('--batch <n>', 'images in a step').default(16).argParser(wholeNumber(1, 4096))

const precisionOption = (): Option =>
  new Option('--precision <name>', 'how activations are stored').choices(['f32', 'mixed']).default('f32')

function archNames(text: string): Arch[] {
  const names = text.split(',')
  const known = archs.filter((arch) => names.includes(arch))
  if (known.length === names.length) return known
  throw new InvalidArgumentError(`It must be some of ${archs.join(', ')} with commas between.`)
}

function sampleSizes(text: string): number[] {
  const sizes = text.split(',').map(Number)
  if (sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 100_000)) return sizes
  throw new InvalidArgumentError('It must be whole numbers from 1 to 100000 with commas between.')
}

async function benchTrain(
  io: Io,
  { trace, augment = 'none', mixup = 0, cutmix = 0, ...options }: TrainingOptions,
): Promise<void> {
  const augmenting = { augment: await readAugmentation(augment), mixup, cutmix }
  await onDevice(io.log, async (device, engine) => {
    const { result, timeline } = await measured(io, (onProgress) =>
      engine.benchTraining(device, { ...options, augmenting, onProgress }),
    )
    const { trainingLines } = await import('./bench-tables.ts')
    for (const line of trainingLines(result)) io.say(line)
    if (trace !== undefined) {
      if (timeline === null) {
        throw new CommandError('NO_TIMESTAMPS', `--trace needs timestamp-query, which ${device.adapter.name} has not`)
      }
      const title = `${options.arch}, ${options.size} px, batch ${options.batch}: a training step`
      await writeFile(trace, JSON.stringify(engine.chromeTrace(title, device.adapter.name, timeline)))
      io.log(`Wrote ${trace}`)
    }
    io.document(result)
  })
}

/** Each network on each adapter in a host of its own: an adapter that fails is told, and the others go on. */
async function benchInfer(io: Io, { arch, adapter: part = '', ...options }: InferOptions): Promise<void> {
  await withAdapters(async (all, engine) => {
    const adapters = all.filter((name) => name.toLowerCase().includes(part.toLowerCase()))
    if (adapters.length === 0) throw new UsageError(`--adapter ${part}: there is none among ${all.join(', ')}`)
    const { inferenceLines } = await import('./bench-tables.ts')
    const results: InferenceBench[] = []
    const failed: { adapter: string; arch: Arch; message: string }[] = []
    for (const [network, adapter] of arch.flatMap((network) => adapters.map((name) => [network, name] as const))) {
      const spec = { ...options, arch: network, adapter }
      try {
        const result = await stoppable(io, words, ({ signal, progress }) =>
          engine.runTask('benchInference', spec, {
            signal,
            onWarning: io.log,
            onEvent: ({ stage, done, total }) =>
              progress.update({ label: `${network} on ${adapter}, ${stage}`, done, total, detail: '' }),
          }),
        )
        for (const line of inferenceLines(result)) io.say(line)
        results.push(result)
      } catch (error) {
        const { code, message } = describeError(error)
        if (code === 'STOPPED') throw error
        io.log(`${network} on ${adapter}: ${message}`)
        failed.push({ adapter, arch: network, message })
      }
    }
    io.document({ results, failed })
    if (failed.length > 0) process.exitCode = 1
  })
}

async function benchExplain(io: Io, options: ExplanationOptions): Promise<void> {
  await onDevice(io.log, async (device, engine) => {
    const result = await measured(io, (onProgress) => engine.benchExplain(device, { ...options, onProgress }))
    const { explanationLines } = await import('./bench-tables.ts')
    for (const line of explanationLines(result)) io.say(line)
    io.document(result)
  })
}

async function benchKernels(io: Io, options: KernelOptions): Promise<void> {
  await onDevice(io.log, async (device, engine) => {
    const result = await measured(io, (onProgress) => engine.benchKernels(device, { ...options, onProgress }))
    const { convolutionLines } = await import('./bench-tables.ts')
    for (const line of convolutionLines(result)) io.say(line)
    io.document(result)
  })
}

async function benchTune(io: Io, options: TuneOptions): Promise<void> {
  await onDevice(io.log, async (device, engine) => {
    const result = await measured(io, (onProgress) => engine.tuneTraining(device, { ...options, onProgress }))
    const { tuneLines } = await import('./bench-tables.ts')
    for (const line of tuneLines(result)) io.say(line)
    const file = await engine.keepChoices(device)
    io.log(`Kept in ${file}: from now on this adapter trains and infers with them`)
    io.document({ ...result, file })
  })
}

/** Measures under a progress bar. An interrupt ends it where it next tells of its progress. */
function measured<T>(io: Io, measure: (onProgress: BenchProgress) => Promise<T>): Promise<T> {
  return stoppable(io, words, ({ signal, progress }) =>
    measure((label, done, total) => {
      signal.throwIfAborted()
      progress.update({ label, done, total, detail: '' })
    }),
  )
}

const words = {
  stopping: 'Stopping; once more to end at once.',
  stopped: 'stopped before the measurement was complete',
}
