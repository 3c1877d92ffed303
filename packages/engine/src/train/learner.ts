import type { ClassificationReport } from '@sporeprint/metrics'
import { type DrawnBatch, drawBatch } from '../augment/batch.ts'
import { autotune } from '../autotune/autotune.ts'
import { withArena } from '../compile/fit.ts'
import { type Compiled, Program } from '../compile/program.ts'
import { ParameterStore, type StoreBuffers } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { batchCount, batches } from '../data/loader.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import type { StoreBuffer } from '../graph/tensor.ts'
import { type EvaluateOptions, Inference } from '../infer/inference.ts'
import { evaluateAugmented, type TtaOptions, type TtaResult } from '../infer/tta.ts'
import { initialLossScale } from '../kernels/loss-scale.ts'
import { type Frozen, frozenBody } from '../nn/freezing.ts'
import { headGroup, type ResNet } from '../nn/resnet.ts'
import type { StateDict } from '../weights/safetensors.ts'
import { initialiseWeights, type LoadReport, loadStateDict, readStateDict } from '../weights/state-dict.ts'
import { StillBody } from './features.ts'
import { gathering } from './gathering.ts'
import { lossSlots } from './graphs.ts'
import {
  checkSettings,
  keptBuffers,
  type LearnerOptions,
  type LearnerSettings,
  withDefaults,
} from './learner-options.ts'
import {
  type FineTuneOptions,
  type FitOptions,
  fineTunePhases,
  frozenOf,
  phaseOf,
  type Rates,
  ratesAt,
  type StepReport,
  scheduleOf,
} from './phases.ts'
import { cachesFeatures, type Plan, planBatch, planName, planStep } from './plans.ts'
import { afterEpoch, freshPlateau, type Plateau } from './schedules.ts'
import type { EpochRecord } from './spec.ts'
import { packStep } from './step-scalars.ts'
import { type RateCurve, type RateSuggestions, suggestRates } from './suggest-rate.ts'

/** Where a learner stands: with the store's buffers, all that going on needs. */
export interface LearnerProgress {
  epoch: number
  /** Steps of this epoch that are done, and the seconds they took. */
  stepOfEpoch: number
  secondsOfEpoch: number
  step: number
  /** Updates since the phase began. In mixed precision the device counts those of them that were made. */
  update: number
  /** The running mean of the losses: Σ and its weight. */
  lossMean: number
  lossWeight: number
  plateau: Plateau
}

const beginning: LearnerProgress = {
  epoch: 0,
  stepOfEpoch: 0,
  secondsOfEpoch: 0,
  step: 0,
  update: 0,
  lossMean: 0,
  lossWeight: 0,
  plateau: freshPlateau,
}

/** What a learner was. */
export interface Snapshot {
  buffers: ReadonlyMap<StoreBuffer, Float32Array<ArrayBuffer>>
  progress: LearnerProgress | null
}

const weightBuffers: ReadonlySet<StoreBuffer> = new Set([
  'parameters',
  'states',
  'averageParameters',
  'averageStates',
] as const)

export interface RateSweep extends Pick<FitOptions, 'frozen' | 'signal'> {
  /** First rate and the one that the sweep would end at; default 1e-7 and 10. */
  from?: number
  to?: number
  /** Default 100. */
  steps?: number
  /** Ends where the smoothed loss is so many times its least; default 4. */
  stopAt?: number
}

/** The smoothed losses at the rates of a sweep, and what they suggest. */
export interface RateFinding extends RateCurve {
  suggestions: RateSuggestions
}

/** A step that the device has done. */
type StepDone = Pick<StepReport, 'step' | 'loss' | 'lr' | 'doneAt' | 'inputWait'>

const lossDecay = 0.98
/** How long a loss may wait on the device before it is read, so that reading never holds up a fast one. */
const readInterval = 250

/**
 * Trains one network on one device. Owns its parameters, programs and memory; everything random in it is a pure function of
 * the seed, the step and the image, so the same learner on the same adapter, with the same `device.choices`, gives the same
 * bits.
 */
export class Learner {
  readonly model: ResNet
  readonly store: ParameterStore
  /** Bytes of device memory that training takes: parameters, gradients, moments, activations. */
  readonly peakBytes: number
  readonly #device: Device
  readonly #options: LearnerSettings
  readonly #arena: GPUBuffer
  /** Memory of programs that the arena is too small for: of phases that learn more than they were said to. */
  readonly #moreArenas: GPUBuffer[] = []
  readonly #inference: Inference
  /** What is evaluated and saved. */
  readonly #weights: StoreBuffers
  readonly #plans = new Map<string, Plan>()
  readonly #programs = new Map<string, Program>()
  readonly #pacer: Pacer
  #stillBody: StillBody | null = null
  /** For what is not told itself. */
  #frozen: Frozen | false = false
  #progress: LearnerProgress = { ...beginning }
  #validation: ClassificationReport | null = null

  /**
   * Plans and allocates memory, compiles the evaluation program and fills the parameters from the seed. Throws OUT_OF_MEMORY,
   * with the batch that would fit, before anything is computed, and BAD_CONFIG where mixed precision is asked of an adapter without
   * `shader-f16`, or an option is out of its range.
   */
  static async create(device: Device, model: ResNet, options: LearnerOptions): Promise<Learner> {
    const settings = withDefaults(options)
    checkSettings(settings, model)
    if (settings.autotune) {
      // Only what fits is worth measuring. What a frozen body computes, a free one does too.
      const { plan, evaluation, arena } = await withArena(device, settings.batch, (batch) =>
        planBatch(device, model, settings, batch),
      )
      arena.destroy()
      await autotune(device, [plan.graph.graph, evaluation.graph])
    }
    const store = new ParameterStore(device, model.elements, model.stateElements)
    try {
      await store.allocate('gradients', ...keptBuffers(settings))
      if (settings.accumulate > 1) await store.allocate('gradientSums')
      const { plan, evaluation, compiled, arena } = await withArena(device, settings.batch, (batch) =>
        planBatch(device, model, settings, batch),
      )
      initialiseWeights(model, store, settings.seed)
      if (settings.precision === 'mixed') store.writeAll('lossScale', initialLossScale())
      if (settings.emaDecay !== null) store.resetAverages()
      const weights = weightsOf(store, settings)
      const inference = await Inference.record(device, model, settings.batch, evaluation, compiled, weights, arena)
      return new Learner(device, model, settings, store, arena, inference, plan)
    } catch (error) {
      // Whoever catches it may try again on the same device, with less.
      store.destroy()
      throw error
    }
  }

  private constructor(
    device: Device,
    model: ResNet,
    options: LearnerSettings,
    store: ParameterStore,
    arena: GPUBuffer,
    inference: Inference,
    plan: Plan,
  ) {
    this.#device = device
    this.model = model
    this.#options = options
    this.store = store
    this.#arena = arena
    this.#inference = inference
    this.#weights = weightsOf(store, options)
    this.#plans.set(plan.name, plan)
    this.#pacer = new Pacer(device)
    this.peakBytes = store.bytes + arena.size + plan.compiled.plan.ioBytes
  }

  get progress(): Readonly<LearnerProgress> {
    return this.#progress
  }

  /** The report of the last epoch that was trained here, on the validation images. */
  get validation(): ClassificationReport | null {
    return this.#validation
  }

  /** All that going on needs, or only the weights: parameters and running statistics, and their averages. */
  async snapshot(what: 'all' | 'weights' = 'all'): Promise<Snapshot> {
    const buffers = new Map<StoreBuffer, Float32Array<ArrayBuffer>>()
    for (const name of keptBuffers(this.#options)) {
      if (what === 'all' || weightBuffers.has(name)) buffers.set(name, await this.store.readAll(name))
    }
    return { buffers, progress: what === 'all' ? structuredClone(this.#progress) : null }
  }

  /** Puts back what a snapshot holds. */
  goBack({ buffers, progress }: Snapshot): void {
    for (const [name, values] of buffers) this.store.writeAll(name, values)
    if (progress) Object.assign(this.#progress, structuredClone(progress))
    this.#forgetFeatures()
  }

  /** Goes on from where a checkpoint was written; the store's buffers are restored by the caller. */
  restore(progress: LearnerProgress): void {
    this.#progress = { ...beginning, ...progress }
    this.#forgetFeatures()
  }

  /** Side of the images that it evaluates, in pixels. */
  get size(): number {
    return this.#options.valid.size
  }

  /** Steps of one epoch: a last partial batch is left out. */
  get stepsPerEpoch(): number {
    return batchCount(this.#options.train.length, this.#options.batch, true)
  }

  /** Takes weights over; averages begin at them. */
  load(dict: StateDict): LoadReport {
    const report = loadStateDict(this.model, this.store, dict)
    if (this.#options.emaDecay !== null) this.store.resetAverages()
    this.#forgetFeatures()
    return report
  }

  /** The weights, or their averages where `emaDecay` is given. */
  stateDict(): Promise<StateDict> {
    return readStateDict(this.model, this.#weights)
  }

  /** Logits [batch, classes] of one full batch by running statistics: pixels u8 RGBA [batch, size, size, 4]. */
  logits(pixels: Uint8Array): Promise<Float32Array> {
    return this.#inference.logits(pixels)
  }

  evaluate(source: ImageSource, options?: EvaluateOptions): Promise<ClassificationReport> {
    return this.#inference.evaluate(source, options)
  }

  /** Test-time augmentation over a source of the validation images' size. */
  tta(source: ImageSource, options: TtaOptions): Promise<TtaResult> {
    const { batch, valid } = this.#options
    const parts = { device: this.#device, model: this.model, store: this.#weights, plain: this.#inference }
    return evaluateAugmented({ ...parts, batch, size: valid.size }, source, options)
  }

  /** Goes on, between two epochs, at another size and with another source of the same images. What it evaluates keeps its own. */
  resize(trainSize: number, train: ImageSource): void {
    for (const program of this.#programs.values()) program.destroy()
    this.#programs.clear()
    this.#plans.clear()
    this.#forgetFeatures()
    Object.assign(this.#options, { trainSize, train })
  }

  /** From now on this stands still where nothing else is asked for; by default the body but for its batch norms, as fastai freezes. */
  freeze(what: Frozen = frozenBody): void {
    this.#frozen = what
  }

  /** From now on everything learns where nothing else is asked for. */
  unfreeze(): void {
    this.#frozen = false
  }

  /** Compiles a phase's program ahead of its first step. */
  async prepare(
    options: Pick<FitOptions, 'frozen'> = {},
    onPipeline?: (done: number, total: number) => void,
  ): Promise<Program> {
    const { name, graph, compiled } = this.#plan(frozenOf({ frozen: this.#frozen, ...options }))
    const made = this.#programs.get(name)
    if (made) return made
    const arena = await this.#arenaFor(compiled)
    const program = await Program.record(this.#device, compiled, this.store, arena, onPipeline)
    program.prepareRead(graph.losses)
    if (graph.classWeights) program.write(graph.classWeights, Float32Array.from(this.#options.classWeights ?? []))
    this.#programs.set(name, program)
    return program
  }

  /** fastai's fine-tuning, by `fineTunePhases`: `freezeEpochs` with a frozen body, then `epochs` with all of it. Yields each epoch. */
  async *fineTune(options: FineTuneOptions): AsyncGenerator<EpochRecord, void, void> {
    for (const phase of fineTunePhases(options)) yield* this.fit({ frozen: false, ...phase })
  }

  /** Trains for some epochs under one schedule, and yields each as it ends. The optimiser begins afresh. */
  async *fit(given: FitOptions): AsyncGenerator<EpochRecord, void, void> {
    const options: FitOptions = { frozen: this.#frozen, ...given }
    const { epochs, done = 0, callbacks = [] } = options
    this.#checkBatch()
    const goesOn = options.done !== undefined && (done > 0 || this.#progress.stepOfEpoch > 0)
    if (!goesOn) {
      this.store.clearMoments()
      const fresh = { stepOfEpoch: 0, secondsOfEpoch: 0, update: 0, lossMean: 0, lossWeight: 0, plateau: freshPlateau }
      Object.assign(this.#progress, fresh)
    }
    await this.prepare(options)
    try {
      for (let epoch = done, stop = false; epoch < epochs && !stop; epoch++) {
        const record = await this.#epoch(epoch, options)
        for (const callback of callbacks) if ((await callback.onEpoch?.(record, this)) === 'stop') stop = true
        yield record
      }
    } finally {
      for (const callback of callbacks) await callback.onEnd?.(this)
    }
  }

  async #epoch(epochOfPhase: number, options: FitOptions): Promise<EpochRecord> {
    const { labelSmoothing, classWeights, betas } = this.#options
    const { signal } = options
    const progress = this.#progress
    const total = options.epochs * this.stepsPerEpoch
    const plateau = progress.plateau.factor
    const rates = (): Rates => {
      const share = (epochOfPhase * this.stepsPerEpoch + progress.stepOfEpoch) / total
      return ratesAt(options, { share, epoch: epochOfPhase }, plateau, betas[0])
    }
    let started = performance.now()
    let lr = 0
    for await (const { steps, mayKeep } of this.#steps(options, rates)) {
      for (const step of steps) this.#report(options, step)
      lr = steps.at(-1)?.lr ?? lr
      progress.secondsOfEpoch += (performance.now() - started) / 1000
      started = performance.now()
      if (mayKeep) await options.betweenSteps?.()
    }
    const report = await this.#validate(await this.#bodyOf(options), { labelSmoothing, classWeights, signal })
    this.#validation = report
    const { epoch } = progress
    const seconds = progress.secondsOfEpoch + (performance.now() - started) / 1000
    Object.assign(progress, { epoch: epoch + 1, stepOfEpoch: 0, secondsOfEpoch: 0 })
    progress.plateau = afterEpoch(progress.plateau, scheduleOf(options), report.loss)
    return {
      epoch,
      phase: phaseOf(options),
      trainLoss: this.#smoothLoss(),
      validLoss: report.loss,
      accuracy: report.accuracy,
      f1Weighted: report.f1Weighted,
      f1Micro: report.f1Micro,
      f1Macro: report.f1Macro,
      seconds,
      lr,
    }
  }

  /**
   * The range test: trains for some steps at rates that rise exponentially, and suggests one (suggest-rate.ts). Everything is put
   * back as it was, so that what follows is the same to the bit.
   */
  async lrFind(given: RateSweep = {}): Promise<RateFinding> {
    const options: RateSweep = { frozen: this.#frozen, ...given }
    const { from = 1e-7, to = 10, steps: count = 100, stopAt = 4 } = options
    this.#checkBatch()
    const before = await this.snapshot()
    const progress = this.#progress
    this.store.clearMoments()
    Object.assign(progress, { update: 0, lossMean: 0, lossWeight: 0, stepOfEpoch: 0 })
    const [rates, losses]: [number[], number[]] = [[], []]
    let asked = 0
    const rising = (): Rates => {
      const rate = from * (to / from) ** (asked++ / count)
      return { rates: Array.from({ length: headGroup + 1 }, () => rate), beta1: this.#options.betas[0] }
    }
    try {
      sweep: for (;;) {
        for await (const { steps } of this.#steps(options, rising)) {
          for (const { lr, loss } of steps) {
            const smooth = this.#smoothed(loss)
            if (!Number.isFinite(smooth) || smooth > stopAt * Math.min(...losses, smooth)) break sweep
            rates.push(lr)
            losses.push(smooth)
            if (losses.length === count) break sweep
          }
        }
        Object.assign(progress, { epoch: progress.epoch + 1, stepOfEpoch: 0 })
      }
    } finally {
      this.goBack(before)
    }
    return { rates, losses, suggestions: suggestRates({ rates, losses }, count) }
  }

  #checkBatch(): void {
    const { train, batch } = this.#options
    if (this.stepsPerEpoch > 0) return
    throw new EngineError(
      'BAD_CONFIG',
      `batch ${batch} is larger than the ${train.length} training images: use at most ${train.length}`,
    )
  }

  /** Takes the steps that are left of an epoch, asking for the rates before each, and yields them as their losses are read. */
  async *#steps(
    options: Pick<FitOptions, 'frozen' | 'signal'>,
    ratesOf: () => Rates,
  ): AsyncGenerator<{ steps: StepDone[]; mayKeep: boolean }, void, void> {
    const { batch, seed, sampling, classWeights, accumulate } = this.#options
    const progress = this.#progress
    const program = await this.prepare(options)
    const { name, graph, input } = this.#plan(frozenOf(options))
    const still = await this.#bodyOf(options)
    const gather = gathering(accumulate, classWeights)
    const waiting: Omit<StepDone, 'loss'>[] = []
    const order = { batch, sampling, seed, epoch: progress.epoch, dropLast: true, from: progress.stepOfEpoch }
    let lastRead = performance.now()
    let asked = lastRead
    for await (const { pixels, labels, indices } of batches(still?.train ?? this.#options.train, order)) {
      throwIfAborted(options.signal)
      const inputWait = performance.now() - asked
      const { rates, beta1 } = ratesOf()
      const { step, update } = progress
      progress.stepOfEpoch++
      const last = progress.stepOfEpoch === this.stepsPerEpoch
      const gathered = gather(labels, last)
      const updates = gathered.gradientScale > 0
      program.write(input, pixels)
      program.write(graph.labels, labels)
      if (graph.draws) {
        const { draws, partners } = this.#draw(indices, progress)
        program.write(graph.draws, draws)
        if (graph.partners && partners) program.write(graph.partners, partners)
      }
      program.write(graph.step, packStep({ ...this.#constants(), ...gathered, rates, beta1, step, update: update + 1 }))
      progress.step++
      if (updates) progress.update++
      const submitted = performance.now()
      const due = last || waiting.length === lossSlots - 1 || submitted - lastRead > readInterval
      program.run(due ? [graph.losses] : [])
      await this.#pacer.settle(name, submitted)
      const doneAt = performance.now()
      waiting.push({ step, lr: rates.at(-1) ?? 0, doneAt, inputWait })
      asked = doneAt
      if (!due) continue
      lastRead = doneAt
      const losses = new Float32Array(await program.read(graph.losses))
      const steps = waiting.splice(0).map((done) => ({ ...done, loss: losses[done.step % lossSlots] ?? Number.NaN }))
      // Gradients that are still being gathered are in no checkpoint.
      yield { steps, mayKeep: !last && updates }
      asked = performance.now()
    }
  }

  /** What happens to the images of a step that begins. */
  #draw(indices: Uint32Array, { epoch, step, stepOfEpoch }: LearnerProgress): DrawnBatch {
    const { train, trainSize, seed, batch, sampling } = this.#options
    const once = sampling === 'shuffle' || sampling === 'sequential'
    // An image that is drawn more than once in an epoch does not look the same each time.
    const drawn = once ? indices : indices.map((_, i) => (stepOfEpoch - 1) * batch + i)
    const labels = indices.map((image) => train.labels[image] ?? 0)
    const sides = { source: train.size, size: trainSize }
    return drawBatch(this.#options, sides, { seed, epoch, step, indices: drawn, labels })
  }

  #report(options: FitOptions, done: StepDone): void {
    const { loss, step } = done
    if (!Number.isFinite(loss)) {
      throw new EngineError(
        'DIVERGED',
        `the loss became ${loss} at step ${step}: use a smaller learning rate than ${options.rate}${this.#options.precision === 'mixed' ? ', or precision f32' : ''}`,
      )
    }
    const { epoch } = this.#progress
    const report: StepReport = { ...done, epoch, phase: phaseOf(options), smoothLoss: this.#smoothed(loss) }
    options.onStep?.(report)
    for (const callback of options.callbacks ?? []) callback.onStep?.(report)
  }

  /** Takes a loss into the running mean. */
  #smoothed(loss: number): number {
    const p = this.#progress
    p.lossMean = lossDecay * p.lossMean + (1 - lossDecay) * loss
    p.lossWeight = lossDecay * p.lossWeight + (1 - lossDecay)
    return this.#smoothLoss()
  }

  #smoothLoss(): number {
    return this.#progress.lossMean / this.#progress.lossWeight
  }

  #constants() {
    const { seed, betas, epsilon, weightDecay, clipNorm, emaDecay } = this.#options
    const running = { clipNorm: clipNorm ?? 0, averageRate: emaDecay === null ? 0 : 1 - emaDecay }
    return { seed, beta2: betas[1], epsilon, decay: weightDecay, ...running }
  }

  #plan(frozen: Frozen | false): Plan {
    const name = planName(frozen)
    const known = this.#plans.get(name)
    if (known) return known
    const plan = planStep(this.#device, this.model, this.#options, this.#options.batch, frozen)
    this.#plans.set(name, plan)
    return plan
  }

  /** What a body that is still has made of all images, null where it moves. */
  async #bodyOf(options: Pick<FitOptions, 'frozen' | 'signal'>): Promise<StillBody | null> {
    if (!cachesFeatures(this.model, this.#options, frozenOf(options))) {
      this.#forgetFeatures()
      return null
    }
    return (this.#stillBody ??= await StillBody.compute(this.#device, this.model, this.store, {
      ...this.#options,
      // Averages need not be where the weights are: then validation takes the whole way.
      valid: this.#options.emaDecay === null ? this.#options.valid : null,
      arenaFor: (compiled) => this.#arenaFor(compiled),
      signal: options.signal,
    }))
  }

  #validate(still: StillBody | null, options: EvaluateOptions): Promise<ClassificationReport> {
    return still?.valid ? still.valid.evaluate(options) : this.evaluate(this.#options.valid, options)
  }

  #forgetFeatures(): void {
    this.#stillBody?.destroy()
    this.#stillBody = null
  }

  /** Memory for a program's activations: that of all others, as a rule. */
  async #arenaFor({ name, plan }: Compiled): Promise<GPUBuffer> {
    if (plan.arenaBytes <= this.#arena.size) return this.#arena
    const arena = await this.#device.allocate(`activations of ${name}`, plan.arenaBytes)
    this.#moreArenas.push(arena)
    return arena
  }

  /** Frees its memory on the device. */
  destroy(): void {
    this.#forgetFeatures()
    for (const program of this.#programs.values()) program.destroy()
    this.#inference.destroy()
    for (const arena of [this.#arena, ...this.#moreArenas]) arena.destroy()
    this.store.destroy()
  }
}

const weightsOf = (store: ParameterStore, { emaDecay }: LearnerSettings): StoreBuffers =>
  emaDecay === null ? store : store.averaged()
