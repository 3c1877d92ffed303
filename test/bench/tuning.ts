/**
 * How many epochs does a search cost? Plain TPE, each trial whole, beside ours: a range test, ASHA that goes on from checkpoints, and a
 * complete short schedule to each rung. Ours goes on until it has what plain TPE found, or has spent as much.
 *
 *   npm run bench:tuning -w test -- DATA WEIGHTS [seeds, 1,2,3 by default] [trials, 20 by default]
 */
import { resolve } from 'node:path'
import {
  createPlan,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  epochsSpent,
  type PlanOptions,
  record,
  rungsOf,
  type Space,
} from '@sporeprint/tuning'
import { HEAD_SPACE, type HeadRun, type HeadTask, openHeadTask } from './head-training.ts'

/** Epochs of a whole trial. */
const EPOCHS = 9
/** Steps of the range test, and how far the range of rates then reaches, as in `sporeprint tune --lr-find`. */
const SWEEP = 100
const REACH = 5

interface Outcome {
  epochs: number
  best: number
  trials: number
}

const [data, weights, seeds = '1,2,3', trials = '20'] = process.argv.slice(2)
if (!data || !weights) throw new Error('usage: bench:tuning DATA WEIGHTS [SEEDS] [TRIALS]')
// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()

/** Follows a plan in this process, until a whole trial is at least as good as `goal`. */
async function search(task: HeadTask, options: PlanOptions, spent: number, goal = -Infinity): Promise<Outcome> {
  const study: DrivenStudy = { plan: createPlan(options), trials: [] }
  const runs = new Map<number, HeadRun>()
  const outcome = (): Outcome => ({
    epochs: spent + study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0),
    best: Math.min(...study.trials.flatMap(({ values }) => values ?? [])),
    trials: study.trials.length,
  })
  const end = (number: number): void => {
    runs.get(number)?.end()
    runs.delete(number)
  }
  try {
    while (outcome().best > goal) {
      for (const decision of decide(study)) {
        if (decision.kind === 'over') return outcome()
        const { number } = decision
        if (decision.kind === 'prune') {
          record(study, { kind: 'pruned', number, reason: decision.reason })
          end(number)
          continue
        }
        if (decision.kind === 'start') record(study, { kind: 'started', number, parameters: decision.parameters })
        else record(study, { kind: 'continued', number })
        await train(task, study, study.trials[number] as DrivenTrial, decision.until, runs)
        if (study.trials[number]?.state !== 'paused') end(number)
      }
    }
    return outcome()
  } finally {
    for (const number of runs.keys()) end(number)
  }
}

async function train(
  task: HeadTask,
  study: DrivenStudy,
  { number, parameters }: DrivenTrial,
  until: number,
  runs: Map<number, HeadRun>,
): Promise<void> {
  const { plan } = study
  const run = runs.get(number) ?? (await task.begin(parameters, EPOCHS, rungsOf(plan).slice(0, -1), plan.seed))
  runs.set(number, run)
  const losses = await run.trainTo(until)
  for (const [i, value] of losses.entries()) record(study, { kind: 'reported', number, fold: 0, epoch: i + 1, value })
  const value = losses.at(-1) as number
  if (Number.isNaN(value)) record(study, { kind: 'pruned', number, reason: 'it diverged' })
  else record(study, { kind: 'reached', number, values: [value] })
}

async function narrowed(task: HeadTask, seed: number): Promise<Space> {
  const { valley, minimum, steep, slide } = await task.findRate(SWEEP, seed)
  const rate = valley ?? minimum ?? steep ?? slide
  if (rate === null) return HEAD_SPACE
  return { ...HEAD_SPACE, baseLr: { kind: 'float', low: rate / REACH, high: rate * REACH, log: true } }
}

const task = await openHeadTask(resolve(here, data), resolve(here, weights))
const objectives = [{ metric: 'validLoss', direction: 'minimize' }] as const
console.log('| seed | search | epochs | of plain | best validation loss | trials |\n|---|---|---|---|---|---|')
for (const seed of seeds.split(',').map(Number)) {
  const shared = { seed, objectives, epochs: EPOCHS }
  const line = (name: string, { epochs, best, trials }: Outcome, of: number) =>
    console.log(
      `| ${seed} | ${name} | ${epochs.toFixed(1)} | ${(epochs / of).toFixed(2)} | ${best.toFixed(4)} | ${trials} |`,
    )
  const plain = await search(task, { ...shared, space: HEAD_SPACE, budget: { trials: Number(trials) } }, 0)
  line('plain TPE', plain, plain.epochs)
  const space = await narrowed(task, seed)
  const pruner = { kind: 'successiveHalving', reductionFactor: 3 } as const
  const sweep = SWEEP / task.steps
  const ours = await search(task, { ...shared, space, pruner, budget: { epochs: plain.epochs } }, sweep, plain.best)
  line('range test and ASHA', ours, plain.epochs)
}
await task.close()
