/**
 * How long `ask` takes with TPE, 20 parameters and many trials behind it.
 *
 *     node --conditions=@sporeprint/source packages/tuning/bench/speed.ts
 */
import { ask, createStudy, type Sampler, type Space, type Study, tell } from '@sporeprint/tuning'

/** 20 parameters: twelve floats, half of them by their logarithm, four integers, four choices. */
const space: Space = Object.fromEntries(
  Array.from({ length: 20 }, (_, d) => {
    if (d < 12) return [`x${d}`, { kind: 'float', low: 1e-3, high: 1, log: d % 2 === 1 }]
    if (d < 16) return [`x${d}`, { kind: 'int', low: 1, high: 100 }]
    return [`x${d}`, { kind: 'categorical', choices: ['a', 'b', 'c', 'd'] }]
  }),
)

function addTrials(study: Study, sampler: Sampler, trials: number): void {
  const source: Study = { ...study, sampler }
  while (study.trials.length < trials) tellSum(source)
}

function tellSum(study: Study): void {
  const trial = ask(study)
  if (trial === null) throw new Error('the space is used up')
  const loss = Object.values(trial.parameters).reduce<number>((sum, v) => sum + (typeof v === 'number' ? v : 0), 0)
  tell(study, trial.number, { values: loss })
}

console.log('| trials | history | sampler | first ask | median of 20 more |\n|---|---|---|---|---|')
for (const trials of [1000, 10_000]) {
  for (const multivariate of [false, true]) {
    for (const [history, source] of [
      ['uniform', { kind: 'random' }],
      ['by TPE', { kind: 'tpe', multivariate }],
    ] as const) {
      if (history === 'by TPE' && trials > 1000) continue
      const study = createStudy({ space, sampler: { kind: 'tpe', multivariate } })
      addTrials(study, source, trials)
      // Read back, so that nothing is prepared.
      const fresh = JSON.parse(JSON.stringify(study)) as Study
      const times = Array.from({ length: 21 }, () => {
        const begin = performance.now()
        ask(fresh)
        const time = performance.now() - begin
        tell(fresh, fresh.trials.length - 1, { values: 1000 })
        return time
      })
      const [first, ...more] = times as [number, ...number[]]
      const median = more.toSorted((a, b) => a - b)[10] as number
      const title = multivariate ? 'together' : 'one by one'
      console.log(`| ${trials} | ${history} | ${title} | ${first.toFixed(1)} ms | ${median.toFixed(1)} ms |`)
    }
  }
}
