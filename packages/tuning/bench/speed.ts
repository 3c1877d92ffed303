/**
 * How long `ask` takes with TPE, 20 parameters and many trials behind it: CPU time, which other programs disturb least.
 *
 *     node --conditions=@sporeprint/source packages/tuning/bench/speed.ts
 */
import { ask, createStudy, enqueue, type Study, type Trial, tell, type Value } from '@sporeprint/tuning'
import { nearMiddle, space } from './space.ts'

/** Uniform trials, or ones that crowd into a twentieth of each range, as those of TPE do in the end. */
function addTrials(study: Study, trials: number, crowded: boolean): void {
  const source: Study = { ...study, sampler: { kind: 'random' } }
  while (study.trials.length < trials) {
    const { parameters } = ask(createStudy({ space, seed: study.trials.length, sampler: { kind: 'random' } })) as Trial
    if (crowded) for (const name of Object.keys(space)) parameters[name] = nearMiddle(parameters[name] as Value)
    enqueue(study, parameters)
    tellSum(source)
  }
}

function tellSum(study: Study): void {
  const trial = ask(study)
  if (trial === null) throw new Error('the space is used up')
  const loss = Object.values(trial.parameters).reduce<number>((sum, v) => sum + (typeof v === 'number' ? v : 0), 0)
  tell(study, trial.number, { values: loss })
}

console.log('| trials | history | model | first ask | median of 20 more |\n|---|---|---|---|---|')
for (const trials of [1000, 10_000]) {
  for (const model of ['univariate', 'multivariate', 'mixed'] as const) {
    for (const history of ['uniform', 'crowded']) {
      const study = createStudy({ space, sampler: { kind: 'tpe', model } })
      addTrials(study, trials, history === 'crowded')
      // Read back, so that nothing is prepared.
      const fresh = JSON.parse(JSON.stringify(study)) as Study
      const times = Array.from({ length: 21 }, () => {
        const begin = process.cpuUsage()
        ask(fresh)
        const { user, system } = process.cpuUsage(begin)
        tell(fresh, fresh.trials.length - 1, { values: 1000 })
        return (user + system) / 1000
      })
      const [first, ...more] = times as [number, ...number[]]
      const median = more.toSorted((a, b) => a - b)[10] as number
      console.log(`| ${trials} | ${history} | ${model} | ${first.toFixed(1)} ms | ${median.toFixed(1)} ms |`)
    }
  }
}
