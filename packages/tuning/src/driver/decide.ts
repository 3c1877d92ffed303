/**
 * What a study wants done next, as a pure function of its plan and its trials. Whoever runs it, one process with a journal or many
 * workers on a database, asks `decide`, writes down with `record` what it did of that, and asks again when something happened. Asked
 * twice in the same state it says the same, so nothing is started twice; what was not written down was not done.
 *
 * Halving is asynchronous (ASHA, Li et al., MLSys 2020): a trial pauses at each rung and goes on from its checkpoint once it is among
 * the best 1/η of those that came there. No worker waits for a rung to fill. Unlike there, no more than 1/η ever go on: a sampler that
 * learns makes later trials better, and each of them would be among the best of all so far. A baseline goes on whatever its place.
 */
import { argsort } from '../argsort.ts'
import { ask } from '../ask.ts'
import { shareHistory } from '../history.ts'
import { shouldPrune } from '../pruners/pruner.ts'
import type { Parameters } from '../space.ts'
import { lossSign, type Study, type Trial } from '../study.ts'
import { pausesAtRungs, type StudyPlan } from './plan.ts'
import { startTrial } from './record.ts'
import { bracketOfTrial, bracketsOf, reductionFactorOf, type Stage, stagesOf } from './stages.ts'
import { type DrivenStudy, type DrivenTrial, epochsSpent, freezeEpochsOf, mostFreezeEpochs, studyOf } from './trial.ts'

export type Decision =
  | ({ kind: 'start'; parameters: Parameters } & Work)
  /** From its checkpoint; a fold that it has not begun, from the beginning. */
  | ({ kind: 'continue' } & Work)
  /** Stop trial `number`, or give up what is left of it: it will not be wanted again. */
  | { kind: 'prune'; number: number; reason: string }
  /** Nothing runs and nothing is left to do. */
  | { kind: 'over'; reason: OverReason }

export interface Work {
  number: number
  fold: number
  /** Epochs of that fold after which to stop, frozen ones included. */
  until: number
}

/** Which budget is spent, or that every combination of the space was tried. */
export type OverReason = 'trials' | 'epochs' | 'hours' | 'exhausted'

/** What to do now; nothing means: wait until a trial reports or ends. `hours` is how long the study has been worked on. */
export function decide(study: DrivenStudy, hours = 0): Decision[] {
  const outlook = new Outlook(study, hours)
  const decisions: Decision[] = outlook.prunes()
  while (outlook.hasRoom()) {
    const work = outlook.nextWork()
    if (work === null) break
    decisions.push(work)
  }
  if (decisions.length === 0 && !outlook.isBusy()) return [{ kind: 'over', reason: outlook.whyOver() }]
  return decisions
}

/** A copy of the study in which each decision is already followed, so that the next one counts on it. */
class Outlook {
  /** The copy's trials are those of the study until they change (`#change`). */
  readonly #study: DrivenStudy
  /** The trials as they were given. */
  readonly #given: readonly DrivenTrial[]
  readonly #hours: number
  /** Trials that came through a stage, by bracket and stage; following a decision changes no result. */
  readonly #rankings = new Map<string, Ranking>()
  readonly #bracketOf: (number: number) => number
  readonly #brackets: number[] = []
  readonly #sizes: number[] = []
  readonly #stages = new Map<number, readonly Stage[]>()
  /** As the sampler sees it: what is started in the copy is asked for in this. */
  #core: Study | null = null
  /** Epochs that are trained, and those that running trials have still to train. */
  #spent: number | null = null
  #exhausted = false
  #overEpochs = false

  constructor({ plan, trials }: DrivenStudy, hours: number) {
    this.#study = { plan, trials: [...trials] }
    this.#given = trials
    this.#bracketOf = bracketsOf(plan)
    this.#hours = hours
  }

  isBusy(): boolean {
    return this.#study.trials.some(({ state }) => state === 'running')
  }

  hasRoom(): boolean {
    const running = this.#study.trials.filter(({ state }) => state === 'running').length
    return running < this.#study.plan.parallel && !this.#isLate()
  }

  whyOver(): OverReason {
    if (this.#isLate()) return 'hours'
    if (this.#overEpochs) return 'epochs'
    return this.#exhausted ? 'exhausted' : 'trials'
  }

  #isLate(): boolean {
    const limit = this.#study.plan.budget.hours
    return limit !== null && this.#hours >= limit
  }

  #change(number: number, change: Partial<Pick<DrivenTrial, 'state' | 'sent'>>): DrivenTrial {
    return (this.#study.trials[number] = { ...(this.#study.trials[number] as DrivenTrial), ...change })
  }

  #coreStudy(): Study {
    if (this.#core === null) {
      this.#core = studyOf(this.#study)
      shareHistory(this.#core, this.#given)
    }
    return this.#core
  }

  /** Trials that are not worth another epoch. */
  prunes(): Decision[] {
    return this.#given.flatMap((trial): Decision[] => {
      const reason = this.#whyPrune(trial)
      if (reason === null) return []
      this.#change(trial.number, { state: 'pruned' })
      if (this.#core !== null) (this.#core.trials[trial.number] as Trial).state = 'pruned'
      return [{ kind: 'prune', number: trial.number, reason }]
    })
  }

  #whyPrune(trial: DrivenTrial): string | null {
    const { plan } = this.#study
    if ((trial.state !== 'running' && trial.state !== 'paused') || isBaseline(plan, trial)) return null
    if (pausesAtRungs(plan)) return this.#isHopeless(trial) ? 'too many are better at its rung' : null
    if (plan.pruner.kind === 'none') return null
    const study = this.#coreStudy()
    const core = study.trials[trial.number] as Trial
    const { state } = core
    core.state = 'running'
    const prune = core.reports.length > 0 && shouldPrune(study, trial.number)
    core.state = state
    return prune ? `the ${plan.pruner.kind} pruner gave it up` : null
  }

  /** Whether a paused trial could not go on even if all trials that are still to come were worse: nobody need keep its checkpoint. */
  #isHopeless(trial: DrivenTrial): boolean {
    const { plan } = this.#study
    if (plan.budget.trials === null || !isResting(trial) || !this.#atGate(trial)) return false
    const most = this.#sizeOfBracket(this.#bracket(trial.number), plan.budget.trials)
    return this.#rank(trial) >= Math.max(1, Math.floor(most / reductionFactorOf(plan)))
  }

  /** The next thing for a free worker, followed already; null where there is none now. */
  nextWork(): Decision | null {
    const { trials } = this.#study
    // What was interrupted first, then the baseline, what was enqueued, what may go on, and something new.
    const interrupted = trials.find((trial) => trial.state === 'paused' && !isResting(trial))
    if (interrupted !== undefined && this.#canPay(this.#costOf(interrupted))) return this.#goOn(interrupted, 0)
    const [first] = trials
    if (
      first !== undefined &&
      isBaseline(this.#study.plan, first) &&
      isResting(first) &&
      this.#canPay(this.#costOf(first))
    )
      return this.#goOn(first, 1)
    if (trials.some(({ state }) => state === 'waiting') && this.#mayStart()) return this.#start()
    const promoted = this.#firstResting((trial) => this.#mayGoOn(trial))
    if (promoted !== null && this.#canPay(this.#costOf(promoted))) return this.#goOn(promoted, 1)
    if (this.#mayStart()) return this.#start()
    const last = this.#lastResort()
    return last !== null && this.#canPay(this.#costOf(last)) ? this.#goOn(last, 1) : null
  }

  #goOn(paused: DrivenTrial, stages: number): Decision {
    if (stages > 0 && !isBaseline(this.#study.plan, paused)) this.#ranking(paused).gone++
    const trial = this.#change(paused.number, { state: 'running', sent: paused.sent + stages })
    if (this.#spent !== null) this.#spent += this.#costOf(trial)
    return { kind: 'continue', ...workOf(this.#study, trial) }
  }

  #mayStart(): boolean {
    const { trials, plan } = this.#study
    const started = trials.filter(({ state }) => state !== 'waiting').length
    if (this.#exhausted || started >= (plan.budget.trials ?? Infinity)) return false
    const number = trials.find(({ state }) => state === 'waiting')?.number ?? trials.length
    const [first] = this.#stagesOf(this.#bracket(number)) as [Stage]
    const cost = mostFreezeEpochs(plan) + first.epochs
    return this.#canPay(cost + this.#reserve(cost, number))
  }

  #start(): Decision | null {
    const asked = ask(this.#coreStudy())
    if (asked === null) {
      this.#exhausted = true
      return this.nextWork()
    }
    if (asked.number < this.#study.trials.length) this.#change(asked.number, {})
    const trial = startTrial(this.#study, asked.number, asked.parameters)
    if (this.#spent !== null) this.#spent += this.#costOf(trial)
    return { kind: 'start', parameters: asked.parameters, ...workOf(this.#study, trial) }
  }

  /** Whether a paused trial is among the best of its rung, of which no more than 1/η go on; without rungs, all with folds left may. */
  #mayGoOn(trial: DrivenTrial): boolean {
    const { plan } = this.#study
    const { pruner } = plan
    if (!this.#atGate(trial)) return true
    const bootstrap = 'bootstrapCount' in pruner ? (pruner.bootstrapCount ?? 0) : 0
    const { size, gone } = this.#ranking(trial)
    const allowed = Math.floor(size / reductionFactorOf(plan))
    return size > bootstrap && this.#rank(trial) < allowed && gone < allowed
  }

  /** When no trial will be started any more and nothing runs, the best so far goes on to the end, so that one trial is complete. */
  #lastResort(): DrivenTrial | null {
    if (this.isBusy() || this.#study.trials.some(({ state }) => state === 'complete')) return null
    return this.#firstResting(() => true)
  }

  /** Of the trials that wait at the end of a stage, and of which `holds`, the one that came furthest, of several such the best. */
  #firstResting(holds: (trial: DrivenTrial) => boolean): DrivenTrial | null {
    let first: DrivenTrial | null = null
    for (const trial of this.#study.trials) {
      if (!isResting(trial) || !holds(trial)) continue
      const ahead = first === null ? 1 : this.#stepsDone(trial) - this.#stepsDone(first)
      if (ahead > 0 || (ahead === 0 && this.#rank(trial) < this.#rank(first as DrivenTrial))) first = trial
    }
    return first
  }

  #stepsDone(trial: DrivenTrial): number {
    const { fold, epochs } = this.#stageBehind(trial)
    return fold * this.#study.plan.epochs + epochs
  }

  #stageBehind({ number, results }: DrivenTrial): Stage {
    return this.#stagesOf(this.#bracket(number))[results.length - 1] as Stage
  }

  #stagesOf(bracket: number): readonly Stage[] {
    let stages = this.#stages.get(bracket)
    if (stages === undefined) this.#stages.set(bracket, (stages = stagesOf(this.#study.plan, bracket)))
    return stages
  }

  #atGate(trial: DrivenTrial): boolean {
    return this.#stageBehind(trial).gate
  }

  /** How many trials a bracket will have had in the end. */
  #sizeOfBracket(bracket: number, total: number): number {
    if (this.#sizes.length === 0) {
      for (let number = 0; number < Math.max(total, this.#study.trials.length); number++) {
        const of = this.#bracket(number)
        this.#sizes[of] = (this.#sizes[of] ?? 0) + 1
      }
    }
    return this.#sizes[bracket] ?? 0
  }

  #bracket(number: number): number {
    const known = this.#brackets[number]
    return known ?? (this.#brackets[number] = this.#bracketOf(number))
  }

  /** How many trials were better at the end of the last stage that this one has done. */
  #rank(trial: DrivenTrial): number {
    return this.#ranking(trial).places[trial.number] as number
  }

  /** That of the trials of its bracket that did the last stage that `trial` did. */
  #ranking({ number, results }: DrivenTrial): Ranking {
    const [bracket, stage] = [this.#bracket(number), results.length - 1]
    const key = `${bracket} ${stage}`
    let ranking = this.#rankings.get(key)
    if (ranking === undefined) {
      const { plan, trials } = this.#study
      const came = trials.filter((trial) => trial.results.length > stage && this.#bracket(trial.number) === bracket)
      ranking = rankingOf(came, stage, lossSign(plan.objectives[0]?.direction), trials.length)
      // A baseline that went on takes nobody's place, unless by being among the best.
      const [first] = came
      if (first !== undefined && isBaseline(plan, first) && first.sent > stage + 1) ranking.gone--
      this.#rankings.set(key, ranking)
    }
    return ranking
  }

  #canPay(cost: number): boolean {
    const { plan, trials } = this.#study
    if (plan.budget.epochs === null) return true
    this.#spent ??= trials.reduce(
      (sum, trial) => sum + epochsSpent(trial) + (trial.state === 'running' ? this.#costOf(trial) : 0),
      0,
    )
    const fits = this.#spent + cost <= plan.budget.epochs
    if (!fits) this.#overEpochs = true
    return fits
  }

  /** What has to be left behind trial `number` and its first `cost` epochs, so that one trial can still be completed. */
  #reserve(cost: number, number: number): number {
    const { plan, trials } = this.#study
    if (plan.budget.epochs === null || trials.some(({ state }) => state === 'complete')) return 0
    let least = costOfWhole(this.#stagesOf(this.#bracket(number)), mostFreezeEpochs(plan)) - cost
    for (const trial of trials) {
      if (trial.state !== 'paused' && trial.state !== 'running') continue
      const stages = this.#stagesOf(this.#bracket(trial.number))
      const whole = costOfWhole(stages, freezeEpochsOf(plan, trial.parameters))
      const underWay = trial.state === 'running' ? this.#costOf(trial) : 0
      least = Math.min(least, whole - epochsSpent(trial) - underWay)
    }
    return least
  }

  /** Epochs that a trial has still to train for the stage that it is sent to, or would be sent to. */
  #costOf(trial: DrivenTrial): number {
    const { fold, until } = workOf(this.#study, trial, Math.max(trial.sent, trial.results.length + 1))
    return Math.max(0, until - (trial.epochs[fold] ?? 0))
  }
}

/** The trials of a bracket that came through a stage. */
interface Ranking {
  size: number
  /** By trial number, its place from 0: the older of equals first. */
  places: Int32Array
  /** How many went on from there, but for the baseline. */
  gone: number
}

/** `came` of `trials` trials, by rising number. */
function rankingOf(came: readonly DrivenTrial[], stage: number, sign: 1 | -1, trials: number): Ranking {
  const losses = new Float64Array(came.length)
  let gone = 0
  for (let i = 0; i < losses.length; i++) {
    const { results, sent } = came[i] as DrivenTrial
    losses[i] = sign * (results[stage]?.[0] as number)
    if (sent > stage + 1) gone++
  }
  const order = argsort(losses)
  const places = new Int32Array(trials)
  for (let place = 0; place < order.length; place++) {
    places[(came[order[place] as number] as DrivenTrial).number] = place
  }
  return { size: came.length, places, gone }
}

/** Whether it waits at the end of a stage, rather than to be taken up again in the midst of one. */
function isResting({ state, sent, results }: DrivenTrial): boolean {
  return state === 'paused' && sent === results.length
}

function isBaseline({ baseline }: StudyPlan, { number }: DrivenTrial): boolean {
  return baseline !== undefined && number === 0
}

function costOfWhole(stages: readonly Stage[], frozen: number): number {
  const last = new Map<number, number>()
  for (const { fold, epochs } of stages) last.set(fold, frozen + epochs)
  return [...last.values()].reduce((sum, epochs) => sum + epochs, 0)
}

/** What stage number `stage` (from 1; by default the last that it was sent to) asks of a trial. */
export function workOf({ plan }: DrivenStudy, trial: DrivenTrial, stage: number = trial.sent): Work {
  const { fold, epochs } = stagesOf(plan, bracketOfTrial(plan, trial.number))[stage - 1] as Stage
  return { number: trial.number, fold, until: freezeEpochsOf(plan, trial.parameters) + epochs }
}
