/** What a phase of training is asked for, the rates of its steps, and the two phases of fine-tuning. */
import { EngineError } from '../errors.ts'
import { type Frozen, frozenBody, type NormPolicy } from '../nn/freezing.ts'
import { headGroup } from '../nn/resnet.ts'
import type { Callback } from './callbacks.ts'
import { slice } from './rates.ts'
import { momentumAt, type Position, rateFactor, type Schedule, type ScheduleName } from './schedules.ts'
import type { Phase } from './spec.ts'

export interface FitOptions extends Omit<Schedule, 'name'> {
  epochs: number
  /** Peak learning rate of the head. */
  rate: number
  /**
   * The body's first group learns at rate / rateDivisor, the second at their geometric mean (fastai's `slice(a, b)`). Default 1. With a
   * wholly frozen body its batch norms learn at a tenth of the head's rate (`slice(b)`).
   */
  rateDivisor?: number
  /** Peak rates of the groups {stem, layer1, layer2}, {layer3, layer4} and {head} instead of those two. */
  rates?: readonly number[]
  /** Default flat_cos. */
  schedule?: ScheduleName
  /** What stands still; true is `frozenBody`, fastai's freeze: the head learns, and the body's batch norms. */
  frozen?: boolean | Frozen
  /** Goes on with a phase of which an earlier process has done so many epochs, and perhaps a part of the next: `restore` brought them back. */
  done?: number
  signal?: AbortSignal | undefined
  onStep?: (step: StepReport) => void
  callbacks?: readonly Callback[]
  /** Awaited a few times a second between two steps of an epoch, when `progress` and the store agree: a time to keep both. */
  betweenSteps?: () => Promise<void>
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
  /** How long the step had to wait for its batch to be read, in ms. */
  inputWait: number
}

export const frozenOf = ({ frozen = false }: Pick<FitOptions, 'frozen'>): Frozen | false => {
  const what = frozen === true ? frozenBody : frozen
  return what && what.below === 'stem' ? false : what
}

export const phaseOf = (options: Pick<FitOptions, 'frozen'>): Phase => (frozenOf(options) ? 'frozen' : 'unfrozen')

export const scheduleOf = ({ schedule = 'flat_cos', ...rest }: FitOptions): Schedule => ({ ...rest, name: schedule })

/** Rates by group, and momentum. */
export interface Rates {
  rates: number[]
  beta1: number
}

/** Rates by group and momentum at a position of the phase; `plateau` is what that schedule has left of the rate. */
export function ratesAt(options: FitOptions, position: Position, plateau: number, momentum: number): Rates {
  const schedule = scheduleOf(options)
  const factor = rateFactor(schedule, position) * (schedule.name === 'plateau' ? plateau : 1)
  return { rates: peakRates(options).map((rate) => rate * factor), beta1: momentumAt(schedule, position, momentum) }
}

function peakRates(options: FitOptions): readonly number[] {
  const { rates, rate, rateDivisor = 1 } = options
  if (rates && rates.length !== headGroup + 1) {
    throw new EngineError(
      'BAD_CONFIG',
      `rates must be ${headGroup + 1} numbers, one for each group, not ${rates.length}`,
    )
  }
  if (rates) return rates
  const frozen = frozenOf(options)
  return frozen && frozen.below === 'head' ? slice(rate) : slice(rate / rateDivisor, rate)
}

export interface FineTuneOptions extends Omit<FitOptions, 'frozen' | 'rates' | 'done'> {
  /** Default 1. */
  freezeEpochs?: number
  /** What the body's batch norms do in these epochs. Default train. */
  bodyNorm?: NormPolicy
  /** Epochs of the second phase after which its schedule begins anew, rising (Loshchilov & Hutter, SGDR, 2017). Default none. */
  restarts?: readonly number[]
}

/**
 * fastai's fine-tuning: `freezeEpochs` in which the head learns, at a rate that turns only at their end (pct_start .99), then `epochs`
 * of the whole network. Under one_cycle, behind a frozen phase, the second is that of `fine_tune`: half the rate, rising from a fifth
 * of it until 30 % (unless told otherwise). Under flat_cos both are the notebook's.
 */
export function fineTunePhases({ restarts = [], ...options }: FineTuneOptions): FitOptions[] {
  const phases = twoPhases(options)
  const unfrozen = phases.pop() as FitOptions
  const ends = [...restarts.filter((epoch) => epoch > 0 && epoch < unfrozen.epochs), unfrozen.epochs]
  return [...phases, ...ends.map((end, k) => ({ ...unfrozen, epochs: end - (ends[k - 1] ?? 0) }))]
}

function twoPhases({
  freezeEpochs = 1,
  bodyNorm = 'train',
  ...whole
}: Omit<FineTuneOptions, 'restarts'>): FitOptions[] {
  if (freezeEpochs === 0) return [whole]
  const { div, ...rest } = whole
  const frozen: FitOptions = {
    ...rest,
    epochs: freezeEpochs,
    pctStart: 0.99,
    frozen: { below: 'head', norms: bodyNorm },
  }
  if (whole.schedule !== 'one_cycle') return [frozen, whole]
  return [frozen, { pctStart: 0.3, div: 5, ...whole, rate: whole.rate / 2 }]
}
