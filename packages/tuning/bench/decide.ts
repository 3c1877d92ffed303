/**
 * How long `decide` takes with 10,000 trials of 20 parameters behind it, under halving by 3 and TPE: CPU time, which other programs
 * disturb least.
 *
 *     node --conditions=@sporeprint/source packages/tuning/bench/decide.ts
 */
import {
  ask,
  type Budget,
  createPlan,
  createStudy,
  type Decision,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  record,
  type Trial,
  type Work,
} from '@sporeprint/tuning'
import { nearMiddle, space } from './space.ts'

const TRIALS = 10_000
const ETA = 3

/**
 * Where halving stands after so many trials: of those that came to a rung the best third has gone on, and of the others those have been
 * given up that could not go on any more. The last trial runs.
 */
function halvedStudy(budget: Partial<Budget>): DrivenStudy {
  const plan = createPlan({
    space,
    objectives: [{ metric: 'loss', direction: 'minimize' }],
    pruner: { kind: 'successiveHalving', reductionFactor: ETA },
    epochs: 9,
    parallel: 2,
    budget,
  })
  const study: DrivenStudy = { plan, trials: [] }
  for (let number = 0; number < TRIALS; number++) {
    const { parameters } = ask(createStudy({ space, seed: number, sampler: { kind: 'random' } })) as Trial
    for (const name of Object.keys(space)) parameters[name] = nearMiddle(parameters[name] ?? null)
    record(study, { kind: 'started', number, parameters })
  }
  let stage = study.trials.slice(0, -1)
  const epochs = [1, 3, 9]
  epochs.forEach((until, k) => {
    for (const { number, parameters } of stage) {
      if (k > 0) record(study, { kind: 'continued', number })
      const value = Object.values(parameters).reduce<number>((sum, v) => sum + (typeof v === 'number' ? v : 0), 0)
      for (let epoch = (epochs[k - 1] ?? 0) + 1; epoch <= until; epoch++) {
        record(study, { kind: 'reported', number, fold: 0, epoch, value })
      }
      record(study, { kind: 'reached', number, values: [value / until] })
    }
    if (k === epochs.length - 1) return
    const ranked = stage.toSorted((a, b) => lossOf(a) - lossOf(b))
    stage = ranked.slice(0, Math.floor(stage.length / ETA)).toSorted((a, b) => a.number - b.number)
    const most = Math.floor((budget.trials ?? Infinity) / ETA)
    for (const { number } of ranked.slice(most))
      record(study, { kind: 'pruned', number, reason: 'too many are better' })
  })
  return study
}

const lossOf = ({ results }: DrivenTrial): number => (results.at(-1) as number[])[0] as number

function milliseconds(work: () => void): number {
  const begin = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

const median = (times: readonly number[]): string =>
  `${(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number).toFixed(1)} ms`

/** Follows what was decided, one start or continuation beside trials that are given up. */
function follow(study: DrivenStudy, decisions: readonly Decision[]): Work & { kind: 'start' | 'continue' } {
  let work: (Work & { kind: 'start' | 'continue' }) | null = null
  for (const decision of decisions) {
    switch (decision.kind) {
      case 'over':
        throw new Error(`the study is over: ${decision.reason}`)
      case 'prune':
        record(study, { ...decision, kind: 'pruned' })
        break
      case 'start':
        record(study, { ...decision, kind: 'started' })
        work = decision
        break
      case 'continue':
        record(study, { ...decision, kind: 'continued' })
        work = decision
    }
  }
  if (work === null) throw new Error('nothing was begun')
  return work
}

const budgets: [string, Partial<Budget>][] = [
  ['10,500 trials', { trials: 10_500 }],
  ['20,000 trials', { trials: 20_000 }],
  ['60,000 epochs', { epochs: 60_000 }],
]
console.log('| budget | first decision | a start, median of 21 | nothing to do, median of 21 |\n|---|---|---|---|')
for (const [name, budget] of budgets) {
  // Read back, so that nothing is prepared.
  const study = JSON.parse(JSON.stringify(halvedStudy(budget))) as DrivenStudy
  const first = milliseconds(() => decide(study))
  const starts: number[] = []
  const waits: number[] = []
  while (starts.length < 21) {
    const begin = process.cpuUsage()
    const decisions = decide(study)
    const { user, system } = process.cpuUsage(begin)
    const { kind, number, fold, until } = follow(study, decisions)
    if (kind === 'start') starts.push((user + system) / 1000)
    waits.push(milliseconds(() => decide(study)))
    for (let epoch = (study.trials[number]?.epochs[0] ?? 0) + 1; epoch <= until; epoch++) {
      record(study, { kind: 'reported', number, fold, epoch, value: 1000 })
    }
    // Worse than all before it, so that it pauses for good.
    record(study, { kind: 'reached', number, values: [1000] })
  }
  console.log(`| ${name} | ${first.toFixed(1)} ms | ${median(starts)} | ${median(waits)} |`)
}
