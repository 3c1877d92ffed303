/**
 * How many epochs does a search cost? Plain TPE, each trial whole, beside ours: a range test, ASHA that goes on from checkpoints, and a
 * complete short schedule to each rung. Ours goes on until a whole
 * trial is as good as plain TPE's best, or it has spent as much. Each rung is the end of a complete schedule, so what it has is a model, too.
 *
 *   npm run bench:tuning -w test -- DATA WEIGHTS [seeds, 1,2,3 by default] [trials, 20 by default]
 */
import { resolve } from 'node:path'
import { middleRate } from '@sporeprint/engine'
import {
  createPlan,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  epochsSpent,
  type Parameters,
  type PlanOptions,
  record,
  rungsOf,
  type Space,
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
const BATCH = 32
/** Epochs of a whole trial. */
const EPOCHS = 27
/** Steps of the range test, and how far the range of rates then reaches, as in `sporeprint tune --lr-find`. */
const SWEEP = 100
const REACH = 5

/** What counts as the same: the standard error of a loss over 300 images is several times that. */
const CLOSE = 1.01

interface Outcome {
  /** Epochs spent, those of a range test included. */
  epochs: number
  /** The least loss of whole trials. */
  best: number
  trials: number
  /** At the end of each schedule that was completed: epochs spent so far, its loss, and whether its trial was then whole. */
  ends: { epochs: number; loss: number; whole: boolean }[]
}

const [data, weights, seeds = '1,2,3', trials = '20'] = process.argv.slice(2)
if (!data || !weights) throw new Error('usage: bench:tuning DATA WEIGHTS [SEEDS] [TRIALS]')
// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()

/** Follows a plan in this process, to its end or until a whole trial is at least as good as `goal`. */
function search(task: HeadTask, options: PlanOptions, before: number, first: Parameters[], goal = -Infinity): Outcome {
  const study: DrivenStudy = { plan: createPlan(options), trials: [] }
  for (const parameters of first) record(study, { kind: 'enqueued', parameters })
  const runs = new Map<number, HeadRun>()
  const outcome: Outcome = { epochs: before, best: Infinity, trials: 0, ends: [] }
  while (outcome.best > goal) {
    for (const decision of decide(study)) {
      if (decision.kind === 'over') return outcome
      const { number } = decision
      if (decision.kind === 'prune') {
        record(study, { kind: 'pruned', number, reason: decision.reason })
        runs.delete(number)
        continue
      }
      if (decision.kind === 'start') record(study, { kind: 'started', number, parameters: decision.parameters })
      else record(study, { kind: 'continued', number })
      const trial = study.trials[number] as DrivenTrial
      const loss = train(task, study, trial, decision.until, runs)
      const whole = trial.state === 'complete'
      outcome.epochs = before + study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0)
      outcome.trials = study.trials.length
      if (whole) outcome.best = Math.min(outcome.best, loss)
      outcome.ends.push({ epochs: outcome.epochs, loss, whole })
    }
  }
  return outcome
}

function train(
  task: HeadTask,
  { plan, trials }: DrivenStudy,
  { number, parameters }: DrivenTrial,
  until: number,
  runs: Map<number, HeadRun>,
): number {
  const settings = {
    ...(parameters as unknown as HeadSettings),
    ...fixed(plan.seed),
    restarts: rungsOf(plan).slice(0, -1),
  }
  const run = runs.get(number) ?? new HeadRun(task, settings)
  runs.set(number, run)
  const losses = run.trainTo(until)
  for (const [i, value] of losses.entries()) {
    record({ plan, trials }, { kind: 'reported', number, fold: 0, epoch: i + 1, value })
  }
  const last = losses.at(-1) as number
  record({ plan, trials }, { kind: 'reached', number, values: [last] })
  return last
}

const fixed = (seed: number) => ({ batch: BATCH, epochs: EPOCHS, seed })

/** The space around what the range test suggests, and that rate to try first, as `sporeprint tune --lr-find` has it. */
function narrowed(task: HeadTask, seed: number): { space: Space; first: Parameters[] } {
  const settings = { baseLr: 0, weightDecay: 0.01, labelSmoothing: 0, schedule: 'constant', ...fixed(seed) } as const
  const rate = middleRate(findHeadRate(task, settings, SWEEP))
  const [low, high] = rate === null ? [1, 0] : [Math.max(1e-5, rate / REACH), Math.min(1, rate * REACH)]
  if (rate === null || low >= high) return { space: SPACE, first: [] }
  return { space: { ...SPACE, baseLr: { kind: 'float', low, high, log: true } }, first: [{ baseLr: rate }] }
}

const task = await openHeadTask(resolve(here, data), resolve(here, weights))
const objectives = [{ metric: 'validLoss', direction: 'minimize' }] as const
console.log(
  '| seed | search | epochs | trials | best whole trial | its best reached | by any rung | within 1 % | by any rung |',
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const seed of seeds.split(',').map(Number)) {
  const shared = { seed, objectives, epochs: EPOCHS }
  const plain = search(task, { ...shared, space: SPACE, budget: { trials: Number(trials) } }, 0, [])
  /** The share of plain TPE's epochs after which a loss was no greater than `factor` times its best. */
  const share = ({ ends }: Outcome, factor: number, anyRung: boolean): string => {
    const end = ends.find(({ loss, whole }) => (whole || anyRung) && loss <= factor * plain.best)
    return end === undefined ? 'no' : (end.epochs / plain.epochs).toFixed(2)
  }
  const line = (name: string, outcome: Outcome): void => {
    const { epochs, trials, best } = outcome
    const reached = [1, CLOSE].flatMap((factor) => [share(outcome, factor, false), share(outcome, factor, true)])
    console.log(`| ${[seed, name, epochs.toFixed(0), trials, best.toFixed(4), ...reached].join(' | ')} |`)
  }
  line('plain TPE', plain)
  const { space, first } = narrowed(task, seed)
  const sweep = SWEEP / stepsOfEpoch(task, BATCH)
  const whole = { ...shared, space, budget: { epochs: plain.epochs } }
  line('range test, TPE', search(task, whole, sweep, first, plain.best))
  const pruner = { kind: 'successiveHalving', reductionFactor: 3 } as const
  line('range test, ASHA', search(task, { ...whole, pruner }, sweep, first, plain.best))
  line('range test, Hyperband', search(task, { ...whole, pruner: { kind: 'hyperband' } }, sweep, first, plain.best))
}
