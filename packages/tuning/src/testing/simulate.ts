import {
  createPlan,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  type PlanOptions,
  record,
  type StudyEvent,
} from '../index.ts'

export interface Simulation {
  study: DrivenStudy
  journal: StudyEvent[]
  /** Every stretch of epochs that was trained, in order: [trial, fold, first, last]. */
  trained: [number, number, number, number][]
  /** The most trials that ran at once. */
  atOnce: number
  over: string
}

/** What training gives: after so many unfrozen epochs of a fold. */
export type Curve = (trial: DrivenTrial, fold: number, epochs: number) => number

/** How far simulated workers may go, and where a study goes on. */
interface Limits {
  study?: DrivenStudy
  /** Stops after so many events, as if the power failed. */
  events?: number
}

/** Runs a study to its end with workers that train one epoch each in turn, writing a journal as a command line would. */
export function simulate(
  options: PlanOptions,
  curve: Curve,
  { study: given, events = Infinity }: Limits = {},
): Simulation {
  const study = given ?? { plan: createPlan(options), trials: [] }
  const result: Simulation = { study, journal: [], trained: [], atOnce: 0, over: '' }
  const note = (event: StudyEvent): void => {
    record(study, event)
    result.journal.push(JSON.parse(JSON.stringify(event)))
  }
  const workers = new Map<number, { fold: number; from: number; epoch: number; until: number }>()
  for (const { number, state } of study.trials)
    if (state === 'running') note({ kind: 'lost', number, reason: 'power', blameless: true })
  while (result.journal.length < events) {
    const decisions = decide(study)
    if (JSON.stringify(decide(study)) !== JSON.stringify(decisions)) throw new Error('it does not say the same twice')
    for (const decision of decisions) {
      switch (decision.kind) {
        case 'over':
          note({ kind: 'closed' })
          return { ...result, over: decision.reason }
        case 'prune':
          workers.delete(decision.number)
          note({ kind: 'pruned', number: decision.number, reason: decision.reason })
          break
        default: {
          const { number, fold, until } = decision
          if (workers.has(number)) throw new Error(`trial ${number} runs already`)
          if (decision.kind === 'start') note({ kind: 'started', number, parameters: decision.parameters })
          else note({ kind: 'continued', number })
          const epoch = study.trials[number]?.epochs[fold] ?? 0
          workers.set(number, { fold, from: epoch, epoch, until })
        }
      }
    }
    result.atOnce = Math.max(result.atOnce, workers.size)
    for (const [number, work] of [...workers]) {
      const trial = study.trials[number] as DrivenTrial
      const frozen = Number(trial.parameters.freezeEpochs ?? study.plan.freezeEpochs)
      if (work.epoch < work.until) {
        work.epoch++
        note({
          kind: 'reported',
          number,
          fold: work.fold,
          epoch: work.epoch,
          value: curve(trial, work.fold, work.epoch - frozen),
        })
      }
      if (work.epoch === work.until) {
        workers.delete(number)
        result.trained.push([number, work.fold, work.from, work.until])
        note({ kind: 'reached', number, values: [curve(trial, work.fold, work.until - frozen)] })
      }
    }
  }
  return result
}
