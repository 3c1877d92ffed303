import type { ClassificationReport } from '@sporeprint/metrics'
import { autotune } from '../autotune/autotune.ts'
import { withArena } from '../compile/fit.ts'
import { type Compiled, compile, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { batchCount, batches } from '../data/loader.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { type EvaluateOptions, Inference } from '../infer/inference.ts'
import { initialLossScale } from '../kernels/loss-scale.ts'
import { headGroup, type ResNet } from '../nn/resnet.ts'
import type { StateDict } from '../weights/safetensors.ts'
import { initialiseWeights, type LoadReport, loadStateDict, readStateDict } from '../weights/state-dict.ts'
import type { Callback } from './callbacks.ts'
import { evaluationGraph, lossSlots, type TrainingGraph, trainingGraph } from './graphs.ts'
import { momentumAt, rateFactor, type ScheduleName } from './schedules.ts'
import type { EpochRecord, OptimizerName, Phase, Precision } from './spec.ts'
import { packStep } from './step-scalars.ts'

export interface LearnerOptions {
  train: ImageSource
  valid: ImageSource
  batch: number
  /** Draw a new order of the images for each epoch (default), rather than the source's own. */
  shuffle?: boolean
  seed?: number
  optimizer?: OptimizerName
  weightDecay?: number
  labelSmoothing?: number
  /** Of AdamW: β₁, β₂ and ε; fastai's by default. SGD's momentum is β₁. */
  betas?: readonly [number, number]
  epsilon?: number
  /** How activations are stored while training. Evaluation is f32 either way. Default f32. */
  precision?: Precision
  /** Make batch norms' outputs again for the backward pass instead of keeping them: less memory for a little more time. */
  recompute?: boolean
  /** Whether a phase with a frozen body will be asked for: its memory is planned ahead. */
  freezes?: boolean
  /**
   * Measure first which variant of each convolution is fastest, where `device.choices` does not know it yet: half a minute
   * on software adapters. It is left there; on Node, `keepChoices` writes it to disk.
   */
  autotune?: boolean
}

export interface FitOptions {
  epochs: number
  /** Peak learning rate of the head. */
  rate: number
  /** The body's first group learns at rate / rateDivisor, the second at their geometric mean. Default 1. */
  rateDivisor?: number
  schedule?: ScheduleName
  pctStart?: number
  /** Only the head and the body's batch norms learn. */
  frozen?: boolean
  /** Epochs of this phase that an earlier process has done; `restore` has brought back what they left. */
  done?: number
  signal?: AbortSignal | undefined
  onStep?: (step: StepReport) => void
  callbacks?: readonly Callback[]
}

export interface StepReport {
  epoch: number
  phase: Phase
  /** Steps since the learner began. */
  step: number
  /** Losses of this step, and their debiased exponential mean over the phase. */
  loss: number
  smoothLoss: number
  lr: number
  /** When the device had done it, by performance.now(): losses are read several at once. */
  doneAt: number
}

/** Where a learner stands between two epochs: with the store's buffers, all that going on needs. */
export interface LearnerProgress {
  epoch: number
  step: number
  /** Steps since the phase began. In mixed precision the device counts those of them that made an update. */
  update: number
  /** The running mean of the losses: Σ and its weight. */
  lossMean: number
  lossWeight: number
}

interface Plan {
  graph: TrainingGraph
  compiled: Compiled
}

interface Plans {
  frozen: Plan | null
  unfrozen: Plan
}

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
  readonly #options: Required<LearnerOptions>
  readonly #arena: GPUBuffer
  readonly #inference: Inference
  readonly #plans: Plans
  readonly #programs: Partial<Record<Phase, Program>> = {}
  readonly #pacer: Pacer
  #progress: LearnerProgress = { epoch: 0, step: 0, update: 0, lossMean: 0, lossWeight: 0 }

  /**
   * Plans and allocates memory, compiles the evaluation program and fills the parameters from the seed. Throws OUT_OF_MEMORY,
   * with the batch that would fit, before anything is computed, and BAD_CONFIG where mixed precision is asked of an adapter without
   * `shader-f16`.
   */
  static async create(device: Device, model: ResNet, options: LearnerOptions): Promise<Learner> {
    const settings = withDefaults(options)
    if (settings.autotune) {
      // Only what fits is worth measuring. What a frozen body computes, a free one does too.
      const { plans, evaluation, arena } = await withArena(device, settings.batch, (batch) =>
        planBatch(device, model, settings, batch),
      )
      arena.destroy()
      await autotune(device, [plans.unfrozen.graph.graph, evaluation.graph])
    }
    const store = new ParameterStore(device, model.elements, model.stateElements)
    try {
      await store.allocate('parameters', 'states', 'gradients', 'moment1')
      if (settings.optimizer === 'adamw') await store.allocate('moment2')
      const { plans, evaluation, compiled, arena } = await withArena(device, settings.batch, (batch) =>
        planBatch(device, model, settings, batch),
      )
      initialiseWeights(model, store, settings.seed)
      if (settings.precision === 'mixed') {
        await store.allocate('lossScale')
        store.writeAll('lossScale', initialLossScale())
      }
      const inference = await Inference.record(device, model, settings.batch, evaluation, compiled, store, arena)
      return new Learner(device, model, settings, store, arena, inference, plans)
    } catch (error) {
      // Whoever catches it may try again on the same device, with less.
      store.destroy()
      throw error
    }
  }

  private constructor(
    device: Device,
    model: ResNet,
    options: Required<LearnerOptions>,
    store: ParameterStore,
    arena: GPUBuffer,
    inference: Inference,
    plans: Plans,
  ) {
    this.#device = device
    this.model = model
    this.#options = options
    this.store = store
    this.#arena = arena
    this.#inference = inference
    this.#plans = plans
    this.#pacer = new Pacer(device)
    const moments = options.optimizer === 'adamw' ? 2 : 1
    const io = Math.max(...[plans.frozen, plans.unfrozen].map((p) => p?.compiled.plan.ioBytes ?? 0))
    this.peakBytes = 4 * (model.elements * (2 + moments) + model.stateElements) + arena.size + io
  }

  get progress(): Readonly<LearnerProgress> {
    return this.#progress
  }

  /** Goes on from where a checkpoint was written; the store's buffers are restored by the caller. */
  restore(progress: LearnerProgress): void {
    this.#progress = { ...progress }
  }

  /** Side of the images, in pixels. */
  get size(): number {
    return this.#options.train.size
  }

  /** Steps of one epoch: a last partial batch is left out. */
  get stepsPerEpoch(): number {
    return batchCount(this.#options.train.length, this.#options.batch, true)
  }

  load(dict: StateDict): LoadReport {
    return loadStateDict(this.model, this.store, dict)
  }

  stateDict(): Promise<StateDict> {
    return readStateDict(this.model, this.store)
  }

  /** Logits [batch, classes] of one full batch by running statistics: pixels u8 RGBA [batch, size, size, 4]. */
  logits(pixels: Uint8Array): Promise<Float32Array> {
    return this.#inference.logits(pixels)
  }

  evaluate(source: ImageSource, options?: EvaluateOptions): Promise<ClassificationReport> {
    return this.#inference.evaluate(source, options)
  }

  /** Compiles a phase's program ahead of its first step. */
  async prepare(phase: Phase, onPipeline?: (done: number, total: number) => void): Promise<Program> {
    const made = this.#programs[phase]
    if (made) return made
    const { graph, compiled } = this.#plan(phase)
    const program = await Program.record(this.#device, compiled, this.store, this.#arena, onPipeline)
    program.prepareRead(graph.losses)
    this.#programs[phase] = program
    return program
  }

  /**
   * fastai's fine_tune in its shape: `freezeEpochs` with a frozen body, then `epochs` with all of it. Yields each epoch.
   */
  async *fineTune(
    options: Omit<FitOptions, 'frozen' | 'done'> & { freezeEpochs?: number },
  ): AsyncGenerator<EpochRecord, void, void> {
    const { freezeEpochs = 1, ...rest } = options
    if (freezeEpochs > 0) yield* this.fit({ ...rest, epochs: freezeEpochs, frozen: true })
    yield* this.fit(rest)
  }

  /** Trains for some epochs under one schedule, and yields each as it ends. The optimiser begins afresh. */
  async *fit(options: FitOptions): AsyncGenerator<EpochRecord, void, void> {
    const { epochs, frozen = false, done = 0, callbacks = [] } = options
    const phase: Phase = frozen ? 'frozen' : 'unfrozen'
    if (this.stepsPerEpoch === 0) {
      const { train, batch } = this.#options
      throw new EngineError(
        'BAD_CONFIG',
        `batch ${batch} is larger than the ${train.length} training images: use at most ${train.length}`,
      )
    }
    if (done === 0) {
      this.store.clearMoments()
      Object.assign(this.#progress, { update: 0, lossMean: 0, lossWeight: 0 })
    }
    await this.prepare(phase)
    try {
      for (let epoch = done, stop = false; epoch < epochs && !stop; epoch++) {
        const record = await this.#epoch(phase, epoch, options)
        for (const callback of callbacks) if ((await callback.onEpoch?.(record, this)) === 'stop') stop = true
        yield record
      }
    } finally {
      for (const callback of callbacks) await callback.onEnd?.(this)
    }
  }

  async #epoch(phase: Phase, epochOfPhase: number, options: FitOptions): Promise<EpochRecord> {
    const { train, valid, batch, seed, shuffle, labelSmoothing } = this.#options
    const { signal } = options
    const started = performance.now()
    const program = await this.prepare(phase)
    const { graph } = this.#plan(phase)
    const total = options.epochs * this.stepsPerEpoch
    const waiting: Pick<StepReport, 'step' | 'lr' | 'doneAt'>[] = []
    let lr = 0
    let lastRead = performance.now()

    const order = { batch, seed, epoch: this.#progress.epoch, shuffle, dropLast: true }
    let inEpoch = 0
    for await (const { pixels, labels } of batches(train, order)) {
      throwIfAborted(signal)
      const rates = this.#rates(options, (epochOfPhase * this.stepsPerEpoch + inEpoch) / total)
      lr = rates.rates.at(-1) ?? 0
      const { step } = this.#progress
      program.write(graph.pixels, pixels)
      program.write(graph.labels, labels)
      program.write(graph.step, packStep({ ...this.#constants(), ...rates, step, update: this.#progress.update + 1 }))
      inEpoch++
      this.#progress.step++
      this.#progress.update++
      const submitted = performance.now()
      const due =
        inEpoch === this.stepsPerEpoch || waiting.length === lossSlots - 1 || submitted - lastRead > readInterval
      program.run(due ? [graph.losses] : [])
      await this.#pacer.settle(phase, submitted)
      const doneAt = performance.now()
      waiting.push({ step, lr, doneAt })
      if (!due) continue
      lastRead = doneAt
      const losses = new Float32Array(await program.read(graph.losses))
      for (const done of waiting.splice(0))
        this.#report(options, phase, done, losses[done.step % lossSlots] ?? Number.NaN)
    }

    const report = await this.evaluate(valid, { labelSmoothing, signal })
    const { epoch } = this.#progress
    this.#progress.epoch++
    return {
      epoch,
      phase,
      trainLoss: this.#smoothLoss(),
      validLoss: report.loss,
      accuracy: report.accuracy,
      f1Weighted: report.f1Weighted,
      f1Micro: report.f1Micro,
      f1Macro: report.f1Macro,
      seconds: (performance.now() - started) / 1000,
      lr,
    }
  }

  #report(options: FitOptions, phase: Phase, done: Pick<StepReport, 'step' | 'lr' | 'doneAt'>, loss: number): void {
    if (!Number.isFinite(loss)) {
      throw new EngineError(
        'DIVERGED',
        `the loss became ${loss} at step ${done.step}: use a smaller learning rate than ${options.rate}${this.#options.precision === 'mixed' ? ', or precision f32' : ''}`,
      )
    }
    const p = this.#progress
    p.lossMean = lossDecay * p.lossMean + (1 - lossDecay) * loss
    p.lossWeight = lossDecay * p.lossWeight + (1 - lossDecay)
    const step: StepReport = { ...done, epoch: p.epoch, phase, loss, smoothLoss: this.#smoothLoss() }
    options.onStep?.(step)
    for (const callback of options.callbacks ?? []) callback.onStep?.(step)
  }

  #smoothLoss(): number {
    return this.#progress.lossMean / this.#progress.lossWeight
  }

  /** Rates by group and momentum at a position of the phase. */
  #rates(options: FitOptions, position: number): { rates: number[]; beta1: number } {
    const { rate, rateDivisor = 1, schedule = 'flat_cos', pctStart = 0.75, frozen = false } = options
    const factor = rate * rateFactor(schedule, position, pctStart)
    // A frozen body's batch norms learn at a tenth of the head's rate (fastai's `slice(rate)`).
    const rates = Array.from({ length: headGroup + 1 }, (_, group) => {
      if (frozen) return group === headGroup ? factor : factor / 10
      return factor / rateDivisor ** (1 - group / headGroup)
    })
    return { rates, beta1: momentumAt(schedule, position, pctStart, this.#options.betas[0]) }
  }

  #constants() {
    const { seed, betas, epsilon, weightDecay } = this.#options
    return { seed, beta2: betas[1], epsilon, decay: weightDecay }
  }

  #plan(phase: Phase): Plan {
    const plan = this.#plans[phase]
    if (!plan) throw new EngineError('BAD_CONFIG', 'this learner has no frozen phase: create it with `freezes: true`')
    return plan
  }

  /** Frees its memory on the device. */
  destroy(): void {
    for (const program of Object.values(this.#programs)) program.destroy()
    this.#inference.destroy()
    this.#arena.destroy()
    this.store.destroy()
  }
}

/** The programs of a learner at some batch, with their memory planned. */
function planBatch(device: Device, model: ResNet, settings: Required<LearnerOptions>, batch: number) {
  const shape = { batch, size: settings.train.size }
  const plan = (phase: Phase): Plan => {
    const { optimizer, labelSmoothing, precision, recompute } = settings
    const graph = trainingGraph(model, shape, { optimizer, labelSmoothing, precision, frozen: phase === 'frozen' })
    return { graph, compiled: compile(device, `training step (${phase})`, graph.graph, { recompute }) }
  }
  const plans: Plans = { frozen: settings.freezes ? plan('frozen') : null, unfrozen: plan('unfrozen') }
  const evaluation = evaluationGraph(model, shape)
  const compiled = compile(device, 'evaluation', evaluation.graph)
  const programs = [compiled, plans.unfrozen.compiled, ...(plans.frozen ? [plans.frozen.compiled] : [])]
  return { plans, evaluation, compiled, programs }
}

function withDefaults(o: LearnerOptions): Required<LearnerOptions> {
  return {
    shuffle: true,
    seed: 42,
    optimizer: 'adamw',
    weightDecay: 0.01,
    labelSmoothing: 0.1,
    betas: [0.9, 0.99],
    epsilon: 1e-5,
    precision: 'f32',
    recompute: false,
    freezes: false,
    autotune: false,
    ...o,
  }
}
