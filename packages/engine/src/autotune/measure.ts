/**
 * Holds the variants of one pass of a convolution against one another: first what they compute, then how long they take.
 *
 * Agreement  A result is a sum of K products in f32. In whatever order they are added, the error of a sum is within √(2K) · ε · Σ|aᵢbᵢ|
 *            of the exact one (see kernels/conv2d/conv2d.test.ts). So two of them differ by at most twice that; the factor of four
 *            leaves room for variants that form the products otherwise (Winograd). Σ|aᵢbᵢ| comes from the first variant,
 *            run on the inputs' magnitudes. Where activations are f16, all inputs are what f16 holds, so that matrix units, whose
 *            factors are f16, take in the same; and each result was rounded once more, by half of 2⁻¹⁰ of itself at most.
 * Time       From the start of a variant's first dispatch to the end of its last, on the device's clock where it can be
 *            read. Variants take turns, and times of one turn are compared with one another, so that what else the machine does
 *            meets all of them alike.
 */
import { type Compiled, compileDispatches, createArena, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import { hasTimestamps, spread } from '../compile/timing.ts'
import { EngineError } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { workDone } from '../gpu/pacing.ts'
import { elementsOf } from '../graph/tensor.ts'
import type { Variant } from '../kernels/conv2d/conv2d.ts'
import { variantName } from '../kernels/conv2d/conv2d.variants.ts'
import { noise } from '../kernels/random.ts'
import { type IsolatedPass, type LowerIsolated, lowerIsolated } from './isolated-pass.ts'

/** What became of one variant. */
export interface Trial {
  variant: Variant
  /** The variant in words. */
  name: string
  /** Median milliseconds of one run, or null where it was rejected. */
  ms: number | null
  /** Its share of the first variant's time, which it kept to in three rounds of four; null where it was rejected. */
  share: number | null
  /** Why it must not be chosen: it does not compile, fails validation, or computes something else. */
  rejected: string | null
}

export interface MeasureOptions {
  /** Timed runs of each variant. */
  rounds: number
  /** Time by the device's clock. By default where it can be read. */
  deviceClock?: boolean
  /** How a variant becomes dispatches. */
  lower?: LowerIsolated
}

const epsilon = 2 ** -24

/** Of f16: below it roundings are no longer relative. */
const smallestNormal = 2 ** -14

/** Without the device's clock a run is repeated until it takes this long: waiting may be as coarse as 4 ms (gpu/pacing.ts). */
const shortestMs = 100
const mostRepeats = 1024

/**
 * Measures `variants` of a pass on noise. The first is trusted: everything must agree with it. Allocates both inputs, the output and
 * the largest scratch of them, and frees it again. Throws what the first variant fails with, and DEVICE_LOST.
 */
export async function measureVariants(
  device: Device,
  isolated: IsolatedPass,
  variants: readonly Variant[],
  { rounds, deviceClock = hasTimestamps(device), lower = lowerIsolated }: MeasureOptions,
): Promise<Trial[]> {
  const planned = variants.map((variant): Compiled | Error => {
    try {
      return compileDispatches(device, variantName(variant), lower(isolated, variant, device.target))
    } catch (error) {
      return error as Error
    }
  })
  const store = new ParameterStore(device, isolated.elements, 0)
  const arena = await createArena(
    device,
    planned.filter((plan): plan is Compiled => !(plan instanceof Error)),
  )
  const programs = new Map<Compiled, Program>()
  try {
    const reference = new Reference(isolated, store)
    const trials: Trial[] = []
    const agreeing: { trial: Trial; program: Program; times: number[] }[] = []
    for (const [i, plan] of planned.entries()) {
      const variant = variants[i] as Variant
      const trial: Trial = { variant, name: variantName(variant), ms: null, share: null, rejected: null }
      trials.push(trial)
      try {
        if (plan instanceof Error) throw plan
        await scoped(device, async () => {
          programs.set(plan, await Program.record(device, plan, store, arena))
        })
        const program = programs.get(plan) as Program
        const compute = (): Promise<void> => runOnce(device, program)
        await scoped(device, () => (i === 0 ? reference.take(compute) : reference.check(compute)))
        agreeing.push({ trial, program, times: [] })
      } catch (error) {
        if (i === 0) throw error
        trial.rejected = firstLine(error)
      }
    }
    device.check()
    const clock = deviceClock ? profiled : await wallClock(device, programs)
    for (let round = 0; round < rounds; round++) {
      for (const { program, times } of agreeing) times.push(await clock(program))
    }
    for (const { trial, times } of agreeing) {
      trial.ms = spread(times).median
      trial.share = upperQuartile(times.map((time, round) => time / (agreeing[0]?.times[round] ?? time)))
    }
    device.check()
    return trials
  } finally {
    for (const program of programs.values()) program.destroy()
    arena.destroy()
    store.destroy()
  }
}

const upperQuartile = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(0.75 * values.length) - 1] ?? Number.NaN

/** What the trusted variant computes of a pass, and how far from that another may be. */
class Reference {
  readonly #isolated: IsolatedPass
  readonly #store: ParameterStore
  #expected = new Float32Array(0)
  /** Σ|aᵢbᵢ| of each element. */
  #magnitudes = new Float32Array(0)

  constructor(isolated: IsolatedPass, store: ParameterStore) {
    this.#isolated = isolated
    this.#store = store
  }

  async take(compute: () => Promise<void>): Promise<void> {
    this.#fill(Math.abs)
    this.#magnitudes = await this.#result(compute)
    this.#fill((value) => value)
    this.#expected = await this.#result(compute)
  }

  /** Throws where an element is too far off, or was not written. */
  async check(compute: () => Promise<void>): Promise<void> {
    const actual = await this.#result(compute)
    const { terms, output } = this.#isolated
    const factor = 4 * Math.sqrt(2 * terms) * epsilon
    const rounding = output.type === 'f16' ? 2 ** -10 : 0
    for (const [i, expected] of this.#expected.entries()) {
      const bound = factor * (this.#magnitudes[i] ?? 0) + rounding * Math.max(Math.abs(expected), smallestNormal)
      const value = actual[i] ?? Number.NaN
      if (!(Math.abs(value - expected) <= bound))
        throw new Error(`element ${i} of ${output.name} is ${value}, not ${expected} ± ${bound}`)
    }
  }

  #fill(change: (value: number) => number): void {
    const half = this.#isolated.c.type === 'f16'
    for (const [i, input] of this.#isolated.inputs.entries()) {
      this.#store.write(
        input,
        noiseFor(elementsOf(input), i).map(half ? (value) => change(Math.f16round(value)) : change),
      )
    }
  }

  async #result(compute: () => Promise<void>): Promise<Float32Array<ArrayBuffer>> {
    const { output } = this.#isolated
    this.#store.write(output, new Float32Array(elementsOf(output)).fill(Number.NaN))
    await compute()
    return this.#store.read(output)
  }
}

/** A prime: no shift of rows or channels finds the same numbers again. */
const period = 65_521
let block: Float32Array | undefined

/** Noise for the first or the second input. */
function noiseFor(length: number, input: number): Float32Array<ArrayBuffer> {
  block ??= noise(period)
  const values = new Float32Array(length)
  for (let i = 0, at = input * 30_011; i < length; i++) {
    values[i] = block[at] ?? 0
    at = at + 1 === period ? 0 : at + 1
  }
  return values
}

async function runOnce(device: Device, program: Program): Promise<void> {
  program.run()
  await workDone(device)
}

/** Milliseconds of one run, from the first dispatch's start to the last one's end. */
const profiled = async (program: Program): Promise<number> =>
  Math.max(...(await program.profile()).map(({ endMs }) => endMs))

/** The same from submission to completion, as the mean of many runs. */
async function wallClock(
  device: Device,
  programs: ReadonlyMap<unknown, Program>,
): Promise<(program: Program) => Promise<number>> {
  const timeRuns = async (program: Program, runs: number): Promise<number> => {
    const submitted = performance.now()
    for (let run = 0; run < runs; run++) program.run()
    await workDone(device)
    return performance.now() - submitted
  }
  const repeats = new Map<Program, number>()
  for (const program of programs.values()) {
    let runs = 1
    while (runs < mostRepeats && (await timeRuns(program, runs)) < shortestMs) runs *= 2
    repeats.set(program, runs)
  }
  return async (program) => {
    const runs = repeats.get(program) ?? 1
    return (await timeRuns(program, runs)) / runs
  }
}

/**
 * Runs `work`, and throws what the device complains of meanwhile, which `device.check()` then never hears of: a variant that
 * fails must not take the device with it.
 */
export async function scoped<T>(device: Device, work: () => Promise<T>): Promise<T> {
  const { gpu } = device
  const filters = ['validation', 'out-of-memory', 'internal'] as const
  for (const filter of filters) gpu.pushErrorScope(filter)
  const [outcome] = await Promise.allSettled([work()])
  let complaint: GPUError | null = null
  for (const _ of filters) complaint = (await device.paced(() => gpu.popErrorScope())) ?? complaint
  const failure: unknown = outcome.status === 'rejected' ? outcome.reason : null
  // An error of the engine's own explains the complaint; wrong numbers are explained by it.
  if (complaint && !(failure instanceof EngineError))
    throw new EngineError('GPU_VALIDATION', `WebGPU: ${complaint.message}`)
  if (outcome.status === 'rejected') throw failure
  return outcome.value
}

/** Compilers append the whole shader. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
