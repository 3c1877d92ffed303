/**
 * Records what real fine-tuning comes to (head-training.ts), for `packages/tuning/bench/quality.ts`: settings from all of a space, by Sobol's
 * sequence, and the cross entropy on the validation images behind the last epoch of each.
 *
 *   npm run record:tuning -w test -- DATA WEIGHTS OUT.json [runs, 500 by default]
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ask, createStudy, type Parameters, type Space, tell } from '@sporeprint/tuning'
import { HeadRun, type HeadSettings, openHeadTask } from './head-training.ts'

const SPACE: Space = {
  baseLr: { kind: 'float', low: 1e-5, high: 1, log: true },
  weightDecay: { kind: 'float', low: 1e-4, high: 10, log: true },
  epochs: { kind: 'int', low: 1, high: 20 },
  batch: { kind: 'int', low: 8, high: 128, log: true },
  labelSmoothing: { kind: 'float', low: 0, high: 0.4 },
  schedule: { kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine', 'constant'] },
}
/** What counts for a run that came to more, or exploded: of three classes, chance is 1.1. */
const WORST = 5

const [data, weights, out, runs = '500'] = process.argv.slice(2)
if (!data || !weights || !out) throw new Error('usage: record:tuning DATA WEIGHTS OUT.json [RUNS]')
// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()

const task = await openHeadTask(resolve(here, data), resolve(here, weights))
const study = createStudy({ space: SPACE, sampler: { kind: 'sobol' }, seed: 1 })
const lines: string[] = []
for (let run = 0; run < Number(runs); run++) {
  const trial = ask(study)
  if (trial === null) break
  const { parameters } = trial
  const settings = { ...(parameters as unknown as Omit<HeadSettings, 'seed'>), seed: 1 }
  const last = new HeadRun(task, settings).trainTo(settings.epochs).at(-1)?.loss ?? Number.NaN
  const loss = Number.isNaN(last) ? WORST : Math.min(last, WORST)
  tell(study, trial.number, { values: loss })
  lines.push(JSON.stringify([...Object.keys(SPACE).map((name) => rounded(parameters[name])), rounded(loss)]))
  if (run % 50 === 49) console.error(`${run + 1} of ${runs} runs`)
}
await writeFile(resolve(here, out), `{ "space": ${JSON.stringify(SPACE)},\n  "runs": [\n${lines.join(',\n')}\n] }\n`)

function rounded(value: Parameters[string] | undefined): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
