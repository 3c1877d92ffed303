/**
 * What a study wants done next, as a pure function of its plan and its trials. Whoever runs it, one process with a journal or many
 * workers on a database, asks `decide`, writes down with `record` what it did of that, and asks again when something happened. Asked
 * twice in the same state it says the same, so nothing is started twice; what was not written down was not done.
 *
 * Halving is asynchronous (ASHA, Li et al., MLSys 2020): a trial pauses at each rung and goes on from its checkpoint once it is among
 * the best 1/η of those that came there. No worker waits for a rung to fill. Unlike there, no more than 1/η ever go on: a sampler that
 * learns makes later trials better, and each of them would be among the best of all so far. A baseline goes on whatever its place.
 */
import { ask } from '../ask.ts'
import { shouldPrune } from '../pruners/pruner.ts'
import type { Parameters } from '../space.ts'
import { lossSign, type Study, type Trial } from '../study.ts'
import { pausesAtRungs, type StudyPlan } from './plan.ts'
import { startTrial } from './record.ts'
import { bracketOfTrial, reductionFactorOf, type Stage, stagesOf } from './stages.ts'
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
  readonly #study: DrivenStudy
  /** As the sampler sees it: what is started in the copy is asked for in this. */
  readonly #core: Study
  readonly #hours: number
  /** Trials that came through a stage, by bracket and stage; following a decision changes no result. */
  readonly #rankings = new Map<string, Map<number, number>>()
  readonly #brackets: number[] = []
  readonly #sizes: number[] = []
  readonly #stages = new Map<number, readonly Stage[]>()
  #exhausted = false
  #overEpochs = false

  constructor({ plan, trials }: DrivenStudy, hours: number) {
    this.#study = { plan, trials: trials.map((trial) => ({ ...trial })) }
    this.#core = studyOf(this.#study)
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

  /** Trials that are not worth another epoch. */
  prunes(): Decision[] {
    return this.#study.trials.flatMap((trial): Decision[] => {
      const reason = this.#whyPrune(trial)
      if (reason === null) return []
      trial.state = 'pruned'
      ;(this.#core.trials[trial.number] as Trial).state = 'pruned'
      return [{ kind: 'prune', number: trial.number, reason }]
    })
  }

  #whyPrune(trial: DrivenTrial): string | null {
    const { plan } = this.#study
    if ((trial.state !== 'running' && trial.state !== 'paused') || isBaseline(plan, trial)) return null
    if (pausesAtRungs(plan)) return this.#isHopeless(trial) ? 'too many are better at its rung' : null
    const core = this.#core.trials[trial.number] as Trial
    const { state } = core
    core.state = 'running'
    const prune = core.reports.length > 0 && shouldPrune(this.#core, trial.number)
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
    // What was interrupted first, then what was enqueued, what may go on, and something new.
    const interrupted = trials.find((trial) => trial.state === 'paused' && !isResting(trial))
    if (interrupted !== undefined && this.#canPay(this.#costOf(interrupted))) return this.#goOn(interrupted, 0)
    if (trials.some(({ state }) => state === 'waiting') && this.#mayStart()) return this.#start()
    const promoted = this.#promotable()
    if (promoted !== null && this.#canPay(this.#costOf(promoted))) return this.#goOn(promoted, 1)
    if (this.#mayStart()) return this.#start()
    const last = this.#lastResort()
    return last !== null && this.#canPay(this.#costOf(last)) ? this.#goOn(last, 1) : null
  }

  #goOn(trial: DrivenTrial, stages: number): Decision {
    trial.state = 'running'
    trial.sent += stages
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
    const asked = ask(this.#core)
    if (asked === null) {
      this.#exhausted = true
      return this.nextWork()
    }
    const trial = startTrial(this.#study, asked.number, asked.parameters)
    return { kind: 'start', parameters: asked.parameters, ...workOf(this.#study, trial) }
  }

  /** A paused trial that is among the best of its rung, the one that came furthest; without rungs, one with folds left. */
  #promotable(): DrivenTrial | null {
    const { plan } = this.#study
    const { pruner } = plan
    const bootstrap = 'bootstrapCount' in pruner ? (pruner.bootstrapCount ?? 0) : 0
    const goesOn = (trial: DrivenTrial): boolean => {
      if (!this.#atGate(trial) || isBaseline(plan, trial)) return true
      const ranking = this.#ranking(trial)
      const allowed = Math.floor(ranking.size / reductionFactorOf(plan))
      if (ranking.size <= bootstrap || this.#rank(trial) >= allowed) return false
      const stages = trial.results.length
      const gone = [...ranking.keys()].filter((number) => (this.#study.trials[number] as DrivenTrial).sent > stages)
      return gone.length < allowed
    }
    return this.#resting().find(goesOn) ?? null
  }

  /** When no trial will be started any more and nothing runs, the best so far goes on to the end, so that one trial is complete. */
  #lastResort(): DrivenTrial | null {
    if (this.isBusy() || this.#study.trials.some(({ state }) => state === 'complete')) return null
    return this.#resting()[0] ?? null
  }

  /** Trials that wait at the end of a stage: those that came furthest first, of these the best. */
  #resting(): DrivenTrial[] {
    const stepsDone = (trial: DrivenTrial) => {
      const { fold, epochs } = this.#stageBehind(trial)
      return fold * this.#study.plan.epochs + epochs
    }
    return this.#study.trials
      .filter((trial) => isResting(trial))
      .sort((a, b) => stepsDone(b) - stepsDone(a) || this.#rank(a) - this.#rank(b))
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
    return known ?? (this.#brackets[number] = bracketOfTrial(this.#study.plan, number))
  }

  /** How many trials were better at the end of the last stage that this one has done. */
  #rank(trial: DrivenTrial): number {
    return this.#ranking(trial).get(trial.number) as number
  }

  /** The places, from 0, of the trials of its bracket that did the last stage that `trial` did; the older of equals first. */
  #ranking({ number, results }: DrivenTrial): Map<number, number> {
    const [bracket, stage] = [this.#bracket(number), results.length - 1]
    const key = `${bracket} ${stage}`
    let ranking = this.#rankings.get(key)
    if (ranking === undefined) {
      const { plan, trials } = this.#study
      const sign = lossSign(plan.objectives[0]?.direction)
      const lossOf = (trial: DrivenTrial) => sign * (trial.results[stage]?.[0] as number)
      const came = trials.filter((trial) => trial.results.length > stage && this.#bracket(trial.number) === bracket)
      came.sort((a, b) => lossOf(a) - lossOf(b))
      ranking = new Map(came.map((trial, place) => [trial.number, place]))
      this.#rankings.set(key, ranking)
    }
    return ranking
  }

  #canPay(cost: number): boolean {
    const { plan, trials } = this.#study
    if (plan.budget.epochs === null) return true
    let spent = 0
    for (const trial of trials) spent += epochsSpent(trial) + (trial.state === 'running' ? this.#costOf(trial) : 0)
    const fits = spent + cost <= plan.budget.epochs
    if (!fits) this.#overEpochs = true
    return fits
  }

  /** What has to be left behind trial `number` and its first `cost` epochs, so that one trial can still be completed. */
  #reserve(cost: number, number: number): number {
    const { plan, trials } = this.#study
    if (trials.some(({ state }) => state === 'complete')) return 0
    let least = costOfWhole(plan, mostFreezeEpochs(plan), this.#bracket(number)) - cost
    for (const trial of trials) {
      if (trial.state !== 'paused' && trial.state !== 'running') continue
      const whole = costOfWhole(plan, freezeEpochsOf(plan, trial.parameters), this.#bracket(trial.number))
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

/** Whether it waits at the end of a stage, rather than to be taken up again in the midst of one. */
function isResting({ state, sent, results }: DrivenTrial): boolean {
  return state === 'paused' && sent === results.length
}

function isBaseline({ baseline }: StudyPlan, { number }: DrivenTrial): boolean {
  return baseline !== undefined && number === 0
}

function costOfWhole(plan: StudyPlan, frozen: number, bracket: number): number {
  const last = new Map<number, number>()
  for (const { fold, epochs } of stagesOf(plan, bracket)) last.set(fold, frozen + epochs)
  return [...last.values()].reduce((sum, epochs) => sum + epochs, 0)
}

/** What stage number `stage` (from 1; by default the last that it was sent to) asks of a trial. */
export function workOf({ plan }: DrivenStudy, trial: DrivenTrial, stage: number = trial.sent): Work {
  const { fold, epochs } = stagesOf(plan, bracketOfTrial(plan, trial.number))[stage - 1] as Stage
  return { number: trial.number, fold, until: freezeEpochsOf(plan, trial.parameters) + epochs }
}
