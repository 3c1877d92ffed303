/** One training run from a spec to a result: data, model, phases, checkpoints, early stopping, the test split at the end. */
import type { ClassificationReport } from '@sporeprint/metrics'
import { sourceSize } from '../augment/augmentation.ts'
import { Choices } from '../autotune/choices.ts'
import { type ImageFolder, openImageFolder } from '../data/image-folder.ts'
import type { ImageSource } from '../data/image-source.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { imagenetPreprocessing, type Preprocessing, ResNet } from '../nn/resnet.ts'
import { archOf } from '../weights/arch.ts'
import { readWeightsFile } from '../weights/file.ts'
import { readPreprocessing } from '../weights/preprocessing.ts'
import type { StateDict } from '../weights/safetensors.ts'
import { RunFolder, type RunPosition } from './checkpoint.ts'
import { balancedWeights } from './class-weights.ts'
import { Learner, type RateFinding, type RateSweep } from './learner.ts'
import { bestOf, epochsWithoutGain } from './monitor.ts'
import { type FitOptions, fineTunePhases, type StepReport } from './phases.ts'
import type { EpochRecord, TrainEvent, TrainResult, TrainSpec } from './spec.ts'
import { type RateRange, rateRange } from './suggest-rate.ts'
import { RecentlyTold, retold, type Told } from './told.ts'

export interface RunContext {
  openDevice(): Promise<Device>
  onEvent(event: TrainEvent): void
  signal: AbortSignal
}

/** Runs `spec`. Throws DatasetError and EngineError; ABORTED when the signal fires. */
export async function runTraining(spec: TrainSpec, context: RunContext): Promise<TrainResult> {
  const folder = spec.out === null ? null : new RunFolder(spec.out)
  if (folder && spec.resume) {
    const finished = await folder.readResult()
    if (finished) {
      await retellFinished(folder, finished, context)
      return { ...finished, alreadyFinished: true }
    }
  }
  return withRun(spec, folder, context, (run, start) => run.run(start))
}

/** Whoever was told the end of a run may have died before it could store it. */
async function retellFinished(folder: RunFolder, { test }: TrainResult, { onEvent }: RunContext): Promise<void> {
  try {
    const position = await folder.peekPosition()
    const event = position && retold(position, folder)
    if (!event) return
    if (test) event.events.push({ type: 'evaluation', split: 'test', report: test })
    onEvent(event)
  } catch (error) {
    // The run is done, and its best model is another file.
    if (!(error instanceof EngineError)) throw error
    onEvent({ type: 'log', level: 'warn', message: `${error.message}; the end of the run is not told again` })
  }
}

/** What a range test says to the run that it was made for. */
export interface RunRateFinding extends RateFinding {
  /** Null where the curve says nothing. */
  range: RateRange | null
}

/** The range test (`Learner.lrFind`) as a run of `spec` would begin: of the head where it begins with a frozen body. Leaves nothing behind. */
export function findRate(
  spec: TrainSpec,
  sweep: Omit<RateSweep, 'frozen' | 'signal'>,
  context: RunContext,
): Promise<RunRateFinding> {
  return withRun({ ...spec, resume: false }, null, context, (run, start) => run.findRate(start, sweep))
}

/** Opens all that a run needs, and closes it again. */
async function withRun<T>(
  spec: TrainSpec,
  folder: RunFolder | null,
  context: RunContext,
  work: (run: Run, start: Start) => Promise<T>,
): Promise<T> {
  const { onEvent, signal } = context
  // First, because they may lie in a folder that is cleared, and because a file that cannot be used is known at once.
  const start = await readStart(spec, folder)
  const data = await openImageFolder(spec.data, {
    ...spec,
    signal,
    onProgress: (done, total) => onEvent({ type: 'prepare', stage: 'images', done, total }),
    onSkipped: ({ path, reason }) => onEvent({ type: 'log', level: 'warn', message: `skipped ${path}: ${reason}` }),
  })
  try {
    await folder?.begin(spec.resume)
    const device = await context.openDevice()
    try {
      return await work(new Run(spec, data, folder, device, context, start.preprocessing), start)
    } finally {
      await device.destroy()
    }
  } finally {
    await data.close()
  }
}

/** Tensors left out that are told one by one: a head's, and a few. */
const namedTensors = 10

/** What a run begins with: where it stopped, or weights, or neither. */
interface Start {
  resumed: Awaited<ReturnType<RunFolder['readPosition']>>
  weights: StateDict | null
  /** Belongs to the weights, so that they see the input they were trained on. */
  preprocessing: Preprocessing
}

async function readStart(spec: TrainSpec, folder: RunFolder | null): Promise<Start> {
  const resumed = (spec.resume ? await folder?.readPosition() : null) ?? null
  if (resumed) return { resumed, weights: null, preprocessing: resumed.position.preprocessing ?? imagenetPreprocessing }
  if (spec.weights === null) return { resumed, weights: null, preprocessing: imagenetPreprocessing }
  const { tensors, metadata } = await readWeightsFile(spec.weights)
  const arch = archOf(tensors)
  if (arch !== null && arch !== spec.arch)
    throw new EngineError('BAD_WEIGHTS', `${spec.weights} holds a ${arch}, not a ${spec.arch}: train a ${arch}`)
  const { mean, std } = readPreprocessing(metadata, spec.weights)
  return { resumed, weights: tensors, preprocessing: { mean, std } }
}

class Run {
  readonly #spec: TrainSpec
  readonly #data: ImageFolder
  readonly #folder: RunFolder | null
  readonly #device: Device
  readonly #context: RunContext
  readonly #model: ResNet
  readonly #batch: number
  readonly #classWeights: readonly number[] | null
  /** What the learner trains at. */
  #size: number
  #history: EpochRecord[] = []
  readonly #told = new RecentlyTold()
  #rate = new Throughput()
  /** When the last checkpoint was written, by performance.now(). */
  #savedAt = 0

  constructor(
    spec: TrainSpec,
    data: ImageFolder,
    folder: RunFolder | null,
    device: Device,
    context: RunContext,
    preprocessing: Preprocessing,
  ) {
    this.#spec = spec
    this.#data = data
    this.#folder = folder
    this.#device = device
    this.#context = context
    this.#model = new ResNet({ arch: spec.arch, classes: data.classes, head: spec.head, preprocessing })
    this.#batch = Math.min(spec.batch, data.train.length)
    this.#size = spec.size
    const { labels } = data.train
    this.#classWeights = spec.classWeights === 'balanced' ? balancedWeights(labels, data.classes.length) : null
  }

  async run({ resumed, weights }: Start): Promise<TrainResult> {
    const spec = this.#spec
    const data = this.#data
    if (resumed) {
      checkSameRun(resumed.position, spec, data)
      if (resumed.damaged) this.#log('warn', `${resumed.damaged}; going on from the checkpoint before it`)
      this.#device.choices = new Choices(this.#device.target, resumed.position.choices)
    }
    const learner = await this.#createLearner(weights)
    try {
      if (resumed) {
        resumed.restore(learner)
        this.#history = [...resumed.position.history]
      }
      this.#announce(learner)
      if (resumed && this.#folder) this.#retell(resumed.position, this.#folder)
      await this.#train(learner)
      return await this.#finish(learner)
    } finally {
      learner.destroy()
    }
  }

  async findRate({ weights }: Start, sweep: Omit<RateSweep, 'frozen' | 'signal'>): Promise<RunRateFinding> {
    const learner = await this.#createLearner(weights)
    try {
      const [phase] = phasesOf(this.#spec)
      if (phase) await this.#prepare(learner, phase)
      const found = await learner.lrFind({ ...sweep, frozen: phase?.frozen ?? false, signal: this.#context.signal })
      return { ...found, range: rateRange(found.suggestions, this.#steps(learner)) }
    } finally {
      learner.destroy()
    }
  }

  async #createLearner(weights: StateDict | null): Promise<Learner> {
    const spec = this.#spec
    const data = this.#data
    if (this.#batch < spec.batch)
      this.#log(
        'warn',
        `batch ${spec.batch} is larger than the ${data.train.length} training images; using ${this.#batch}`,
      )
    const learner = await Learner.create(this.#device, this.#model, {
      train: await this.#trainSource(spec.size),
      valid: data.valid,
      batch: this.#batch,
      sampling: spec.sampling,
      seed: spec.seed,
      optimizer: spec.optimizer,
      weightDecay: spec.weightDecay,
      decayNorms: spec.decayNorms,
      labelSmoothing: spec.labelSmoothing,
      classWeights: this.#classWeights,
      augment: spec.augment,
      mixup: spec.mixup,
      cutmix: spec.cutmix,
      betas: [spec.momentum, spec.beta2],
      epsilon: spec.epsilon,
      accumulate: spec.accumulate,
      clipNorm: spec.clipNorm,
      emaDecay: spec.emaDecay,
      precision: spec.precision,
      frozen: spec.epochs === 0 ? { below: 'head', norms: spec.bodyNorm } : false,
    })
    if (weights) this.#loadWeights(learner, weights)
    return learner
  }

  async #train(learner: Learner): Promise<void> {
    const { patience, monitor } = this.#spec
    let first = 0
    for (const phase of phasesOf(this.#spec)) {
      const done = Math.max(0, this.#history.length - first)
      first += phase.epochs
      if (done >= phase.epochs || this.#stalled(patience) || this.#isDone()) continue
      this.#rate.forget()
      await this.#prepare(learner, phase)
      const fit = learner.fit({
        ...phase,
        done,
        signal: this.#context.signal,
        onStep: (step) => this.#onStep(learner, step),
        betweenSteps: () => this.#checkpointIfDue(learner),
      })
      this.#savedAt = performance.now()
      for await (const epoch of fit) {
        this.#history.push(epoch)
        this.#tell({ type: 'epoch', epoch, step: learner.progress.step })
        await this.#checkpoint(learner, epoch)
        this.#rate.pause()
        if (this.#stalled(patience)) {
          this.#log('info', `stopped early: ${monitor} has not improved for ${patience} epochs`)
          break
        }
        if (this.#isDone()) break
        if (this.#history.length < first) await this.#prepare(learner, phase)
      }
    }
  }

  /** Whether the run has come as far as it was asked to. */
  #isDone(): boolean {
    return this.#history.length >= epochsAsked(this.#spec)
  }

  /** The next epoch's program, at the size that it is trained at. */
  async #prepare(learner: Learner, phase: FitOptions): Promise<void> {
    const size = sizeOfEpoch(this.#spec, this.#history.length)
    if (size !== this.#size) {
      learner.resize(size, await this.#trainSource(size))
      this.#log('info', `training at ${size} px from epoch ${this.#history.length} on`)
      this.#size = size
    }
    await learner.prepare(phase, (done, total) => this.#emit({ type: 'prepare', stage: 'pipelines', done, total }))
  }

  /** The training images for a network of this size. */
  async #trainSource(size: number): Promise<ImageSource> {
    const side = sourceSize(this.#spec.augment, size)
    return side === this.#spec.size ? this.#data.train : (await this.#data.atSize(side)).train
  }

  /** Whether the last `patience` epochs have not beaten the one before them. */
  #stalled(patience: number | null): boolean {
    return patience !== null && epochsWithoutGain(this.#history, this.#spec) >= patience
  }

  #best(): EpochRecord {
    return bestOf(this.#history, this.#spec)
  }

  async #checkpoint(learner: Learner, epoch: EpochRecord): Promise<void> {
    if (!this.#folder) return
    const dict = await learner.stateDict()
    const best = this.#best()
    const kinds = best === epoch ? (['best', 'last'] as const) : (['last'] as const)
    for (const kind of kinds) await this.#folder.saveModel(kind, this.#model, this.#spec.size, epoch, dict)
    await this.#savePosition(learner)
    // Told only now: a run that is stopped on hearing it can go on from here.
    for (const kind of kinds) {
      this.#emit({ type: 'checkpoint', kind, path: this.#folder.model(kind), epoch: epoch.epoch })
    }
  }

  /** Within an epoch, where the last checkpoint is long ago. */
  async #checkpointIfDue(learner: Learner): Promise<void> {
    const { checkpointEvery } = this.#spec
    if (performance.now() - this.#savedAt < 60_000 * checkpointEvery) return
    await this.#savePosition(learner)
    this.#rate.pause()
  }

  async #savePosition(learner: Learner): Promise<void> {
    await this.#folder?.savePosition(learner, {
      spec: this.#spec,
      classes: this.#data.classes,
      images: this.#data.fingerprint,
      progress: learner.progress,
      history: this.#history,
      told: this.#told.events(),
      preprocessing: this.#model.preprocessing,
      choices: this.#device.choices?.names ?? {},
    })
    this.#savedAt = performance.now()
  }

  /** The best weights on the test split, and what to tell the caller. */
  async #finish(learner: Learner): Promise<TrainResult> {
    const best = this.#best()
    const checkpoint = this.#folder?.model('best') ?? null
    const finished = this.#spec.until === null
    if (!finished) this.#emit({ type: 'evaluation', split: 'valid', report: await this.#validation(learner) })
    if (finished && checkpoint && best !== this.#history.at(-1))
      learner.load((await readWeightsFile(checkpoint)).tensors)
    let test: TrainResult['test'] = null
    if (finished && this.#data.test) {
      test = await this.#evaluate(learner, this.#data.test)
      this.#emit({ type: 'evaluation', split: 'test', report: test })
    }
    const result: TrainResult = {
      arch: this.#spec.arch,
      classes: this.#data.classes,
      epochs: this.#history,
      best,
      test,
      checkpoint,
      skipped: [...this.#data.skipped],
      imagesPerSecond: this.#rate.overall(),
      inputWait: this.#rate.waiting(),
      alreadyFinished: false,
    }
    if (finished) await this.#folder?.writeResult(result)
    return result
  }

  /** What the model as it is now is worth on the validation images. */
  async #validation(learner: Learner): Promise<ClassificationReport> {
    return learner.validation ?? this.#evaluate(learner, this.#data.valid)
  }

  #evaluate(learner: Learner, source: ImageSource): Promise<ClassificationReport> {
    const { labelSmoothing } = this.#spec
    return learner.evaluate(source, { labelSmoothing, classWeights: this.#classWeights, signal: this.#context.signal })
  }

  #loadWeights(learner: Learner, weights: StateDict): void {
    const { arch, weights: path } = this.#spec
    const report = learner.load(weights)
    if (report.loaded === 0) {
      throw new EngineError(
        'BAD_WEIGHTS',
        `no tensor of ${path} fits ${arch}: is it a ${arch} with torchvision's names?`,
      )
    }
    this.#log('info', `took ${report.loaded} tensors from ${path}`)
    for (const { name, reason } of report.dropped.slice(0, namedTensors))
      this.#log('info', `left out ${name}: ${reason}`)
    const unnamed = report.dropped.length - namedTensors
    if (unnamed > 0) this.#log('info', `left out ${unnamed} more`)
    const body = report.missing.filter((name) => !/^(fc|head)\./.test(name))
    if (body.length > 0) this.#log('warn', `${path} lacks ${body.join(', ')}: these begin at random`)
  }

  #announce(learner: Learner): void {
    const { train, valid, test, classes, skipped } = this.#data
    const { adapter } = this.#device
    this.#emit({
      type: 'start',
      adapter: { name: adapter.name, vendor: adapter.vendor, software: adapter.software },
      classes,
      images: { train: train.length, valid: valid.length, test: test?.length ?? 0 },
      skipped: [...skipped],
      parameters: this.#model.parameterCount,
      peakBytes: learner.peakBytes,
      steps: this.#steps(learner),
      step: learner.progress.step,
    })
  }

  #steps(learner: Learner): number {
    return epochsAsked(this.#spec) * learner.stepsPerEpoch
  }

  #onStep(learner: Learner, { epoch, phase, step, loss, smoothLoss, lr, doneAt, inputWait }: StepReport): void {
    throwIfAborted(this.#context.signal)
    const steps = this.#steps(learner)
    this.#rate.add(this.#batch, doneAt, inputWait)
    const imagesPerSecond = this.#rate.recent()
    const secondsLeft = imagesPerSecond > 0 ? ((steps - step - 1) * this.#batch) / imagesPerSecond : 0
    this.#tell({
      type: 'step',
      epoch,
      phase,
      step: step + 1,
      steps,
      loss,
      smoothLoss,
      lr,
      imagesPerSecond,
      secondsLeft,
    })
  }

  /** Says what belongs to the run's curve, and keeps it for the checkpoint. */
  #tell(event: Told): void {
    this.#told.add(event)
    this.#emit(event)
  }

  #retell(position: RunPosition, folder: RunFolder): void {
    for (const event of position.told ?? []) this.#told.add(event)
    const event = retold(position, folder)
    if (event) this.#emit(event)
  }

  #emit(event: TrainEvent): void {
    this.#context.onEvent(event)
  }

  #log(level: 'info' | 'warn', message: string): void {
    this.#emit({ type: 'log', level, message })
  }
}

/** Images per second of training steps, validation and checkpoints apart. */
class Throughput {
  #images = 0
  #seconds = 0
  #waited = 0
  #recent = 0
  #last: number | null = null

  /** A batch of `images` was done at `at`, in milliseconds, for `waited` of which its step had no input. */
  add(images: number, at: number, waited: number): void {
    // The first step after a pause also carries what came before it.
    if (this.#last !== null && at > this.#last) {
      const seconds = (at - this.#last) / 1000
      this.#images += images
      this.#seconds += seconds
      this.#waited += waited / 1000
      this.#recent = this.#recent ? 0.9 * this.#recent + (0.1 * images) / seconds : images / seconds
    }
    this.#last = at
  }

  pause(): void {
    this.#last = null
  }

  /** What comes takes another time for an image. */
  forget(): void {
    this.#recent = 0
  }

  recent(): number {
    return this.#recent
  }

  overall(): number {
    return this.#seconds ? this.#images / this.#seconds : 0
  }

  /** Share of the time spent waiting for input. */
  waiting(): number {
    return this.#seconds ? this.#waited / this.#seconds : 0
  }
}

/** Epochs that are to be done when this run stops. */
const epochsAsked = ({ freezeEpochs, epochs, until }: TrainSpec): number =>
  Math.min(freezeEpochs + epochs, until ?? Infinity)

function phasesOf(spec: TrainSpec): FitOptions[] {
  const { freezeEpochs, bodyNorm, epochs, baseLr, lrMult, schedule, pctStart, restarts } = spec
  const { warmup, gamma, stepEpochs, plateauPatience } = spec
  const shape = { schedule, pctStart, warmup, gamma, stepEpochs, plateauPatience }
  return fineTunePhases({ freezeEpochs, bodyNorm, epochs, restarts, rate: baseLr, rateDivisor: lrMult, ...shape })
}

/** The size at which an epoch of the run, from 0, is trained. */
function sizeOfEpoch({ size, progressive }: TrainSpec, epoch: number): number {
  let end = 0
  return progressive.find(({ epochs }) => epoch < (end += epochs))?.size ?? size
}

/** What may differ in a run that goes on: where things lie, when it is kept, when it is given up. */
const free: readonly (keyof TrainSpec)[] = ['data', 'weights', 'out', 'resume', 'checkpointEvery', 'patience', 'until']

/** A setting by its name as JSON, or each number of an augmentation by its own. */
function settingsOf(name: string, value: unknown): Map<string, string> {
  const parts = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null
  return new Map(
    (parts ?? [[name, value]]).map(([part, one]) => [parts ? `${name}.${part}` : name, JSON.stringify(one)]),
  )
}

/** A run goes on only as what it was: other data or another network would quietly make a different run. */
function checkSameRun(
  position: RunPosition,
  spec: TrainSpec,
  { classes, fingerprint, train, valid }: ImageFolder,
): void {
  const refuse = (was: string, is: string): never => {
    throw new EngineError('BAD_CONFIG', `cannot resume ${spec.out}: it was started ${was}, not ${is}`)
  }
  for (const key of Object.keys(position.spec) as (keyof TrainSpec)[]) {
    if (free.includes(key)) continue
    const [was, is] = [settingsOf(key, position.spec[key]), settingsOf(key, spec[key])]
    for (const [name, before] of was) if (is.get(name) !== before) refuse(`with ${name} ${before}`, `${is.get(name)}`)
  }
  if (position.classes.join('\0') !== classes.join('\0')) {
    refuse(`on the classes ${position.classes.join(', ')}`, classes.join(', '))
  }
  if (position.images !== fingerprint) {
    refuse(
      'on other images',
      `these ${train.length} + ${valid.length}: some were added, removed or changed; start again without --resume`,
    )
  }
}
