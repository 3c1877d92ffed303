/**
 * How many epochs does a search cost? Plain TPE, each trial whole, beside ours on a fifth of its epochs: a range test, which is counted, and
 * from there what `sporeprint tune --lr-find` does: a baseline that goes to its end, trials around it, and halving that goes on from
 * checkpoints. Each rung is the end of a complete schedule, so that what it has is a model, too.
 *
 *   npm run bench:tuning -w test -- DATA WEIGHTS [seeds, 1,2,3 by default] [trials of plain TPE, 20 by default]
 */
import { resolve } from 'node:path'
import { rateRange } from '@sporeprint/engine'
import {
  baselineOf,
  bestTrial,
  createPlan,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  epochsSpent,
  narrowed,
  type PlanOptions,
  type Pruner,
  record,
  rungsOf,
  type Space,
  studyOf,
} from '@sporeprint/tuning'
import { findHeadRate, HeadRun, type HeadSettings, type HeadTask, openHeadTask, stepsOfEpoch } from './head-training.ts'

/** As wide as somebody searches who knows nothing of the task. */
const SPACE: Space = {
  baseLr: { kind: 'float', low: 1e-5, high: 1, log: true },
  weightDecay: { kind: 'float', low: 1e-4, high: 10, log: true },
  labelSmoothing: { kind: 'float', low: 0, high: 0.4 },
  momentum: { kind: 'float', low: 0.7, high: 0.99 },
  schedule: { kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine'] },
  pctStart: { kind: 'float', low: 0.1, high: 0.9 },
}
/** What `sporeprint train --schedule one_cycle` has where nothing else is said. */
const USUAL = { weightDecay: 0.01, labelSmoothing: 0.1, momentum: 0.9, schedule: 'one_cycle', pctStart: 0.3 } as const
const BATCH = 32
/** Epochs of a whole trial. */
const EPOCHS = 27
/** Steps of the range test. */
const SWEEP = 100
/** Ours has this share of plain TPE's epochs. */
const SHARE = 0.2
const ASHA: Pruner = { kind: 'successiveHalving', reductionFactor: 3 }

interface Outcome {
  /** Epochs spent, those of a range test included. */
  epochs: number
  trials: number
  /** At the end of each schedule that was completed: epochs spent so far, and the loss on the validation images. */
  ends: { epochs: number; loss: number }[]
  /** The winner, trained anew with one schedule under other seeds: the mean loss on the test images, which no search has seen. */
  test: number
}

const [data, weights, seeds = '1,2,3', trials = '20'] = process.argv.slice(2)
if (!data || !weights) throw new Error('usage: bench:tuning DATA WEIGHTS [SEEDS] [TRIALS]')
// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()

/** Follows a plan in this process, to its end. */
function search(task: HeadTask, options: PlanOptions, before = 0): Outcome {
  const study: DrivenStudy = { plan: createPlan(options), trials: [] }
  const runs = new Map<number, HeadRun>()
  const ends: Outcome['ends'] = []
  const spent = () => before + study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0)
  for (;;) {
    for (const decision of decide(study)) {
      if (decision.kind === 'over') {
        return { epochs: spent(), trials: study.trials.length, ends, test: testedAnew(task, study) }
      }
      const { number } = decision
      if (decision.kind === 'prune') {
        record(study, { kind: 'pruned', number, reason: decision.reason })
        runs.delete(number)
        continue
      }
      if (decision.kind === 'start') record(study, { kind: 'started', number, parameters: decision.parameters })
      else record(study, { kind: 'continued', number })
      const loss = train(task, study, study.trials[number] as DrivenTrial, decision.until, runs)
      ends.push({ epochs: spent(), loss })
    }
  }
}

function train(
  task: HeadTask,
  study: DrivenStudy,
  { number, parameters }: DrivenTrial,
  until: number,
  runs: Map<number, HeadRun>,
): number {
  const { plan } = study
  const settings = settingsOf(parameters, plan.seed)
  const run = runs.get(number) ?? new HeadRun(task, { ...settings, restarts: rungsOf(plan).slice(0, -1) })
  runs.set(number, run)
  const losses = run.trainTo(until).map(({ loss }) => loss)
  for (const [i, value] of losses.entries()) {
    record(study, { kind: 'reported', number, fold: 0, epoch: i + 1, value })
  }
  const last = losses.at(-1) as number
  record(study, { kind: 'reached', number, values: [last] })
  return last
}

const settingsOf = (parameters: object, seed: number): HeadSettings =>
  ({ ...parameters, batch: BATCH, epochs: EPOCHS, seed }) as HeadSettings

function testedAnew(task: HeadTask, study: DrivenStudy): number {
  const winner = bestTrial(studyOf(study))
  if (winner === null) return Number.NaN
  const losses = [1, 2, 3, 4, 5].map((more) => {
    const run = new HeadRun(task, settingsOf(winner.parameters, study.plan.seed + 1000 * more))
    run.trainTo(EPOCHS)
    return run.test().loss
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

const task = await openHeadTask(resolve(here, data), resolve(here, weights))
const steps = stepsOfEpoch(task, BATCH)
const objectives = [{ metric: 'validLoss', direction: 'minimize' }] as const
console.log('| seed | search | epochs | trials | best loss | plain TPE’s best reached after | winner’s test loss |')
console.log('|---|---|---|---|---|---|---|')
for (const seed of seeds.split(',').map(Number)) {
  const shared = { seed, objectives, epochs: EPOCHS, space: SPACE }
  const plain = search(task, { ...shared, budget: { trials: Number(trials) } })
  const least = ({ ends }: Outcome) => Math.min(...ends.map(({ loss }) => loss))
  const line = (name: string, outcome: Outcome): void => {
    const { epochs, trials, ends, test } = outcome
    const reached = ends.find(({ loss }) => loss <= least(plain))
    const share = reached === undefined ? 'no' : (reached.epochs / plain.epochs).toFixed(2)
    const cells = [seed, name, epochs.toFixed(0), trials, least(outcome).toFixed(4), share, test.toFixed(4)]
    console.log(`| ${cells.join(' | ')} |`)
  }
  line('plain TPE', plain)
  const sweep = SWEEP / steps
  const budget = { epochs: SHARE * plain.epochs - sweep }
  const settings = settingsOf({ ...USUAL, labelSmoothing: 0, baseLr: 0, schedule: 'constant' }, seed)
  const found = rateRange(findHeadRate(task, settings, SWEEP), EPOCHS * steps)
  const left = found && narrowed(SPACE.baseLr, found)
  if (!left) throw new Error(`the range test says nothing under seed ${seed}`)
  const space = { ...SPACE, baseLr: left.parameter }
  const baseline = baselineOf(space, { ...USUAL, baseLr: left.value })
  line('range test', search(task, { ...shared, space, budget }, sweep))
  line('range test, ASHA', search(task, { ...shared, space, budget, pruner: ASHA }, sweep))
  line('range test, baseline', search(task, { ...shared, space, budget, baseline }, sweep))
  line('range test, baseline, ASHA', search(task, { ...shared, space, budget, baseline, pruner: ASHA }, sweep))
}
