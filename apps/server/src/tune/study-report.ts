/** What a study came to: the document, the files, and the lines for people. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { meanInterval, type Spread } from '@sporeprint/metrics'
import {
  bestTrial,
  type DrivenTrial,
  edges,
  epochsSpent,
  type Importance,
  optunaStudy,
  paretoFront,
  pedAnova,
  studyOf,
  trialsAtOneRung,
  trialsCsv,
} from '@sporeprint/tuning'
import type { Io } from '../cli/io.ts'
import type { Final, Journal } from './journal.ts'
import { limitsOf } from './space.ts'
import { parametersText, ranked, shownValue, summaryLine } from './study-view.ts'

type StudyDocument = ReturnType<typeof studyDocument>

/** The result for programs. States are Optuna's: a paused trial, which showed something, is a pruned one to others. */
export function studyDocument(journal: Journal, over: string | null) {
  const { study, request, rate } = journal
  const core = studyOf(study)
  const best = bestTrial(core)
  const winner = best === null ? null : (study.trials[best.number] as DrivenTrial)
  const several = study.plan.objectives.length > 1
  return {
    study: study.plan.name,
    over,
    objectives: study.plan.objectives,
    trials: study.trials.map((trial) => ({
      number: trial.number,
      state: stateOf(trial),
      params: trial.parameters,
      value: trial.values?.[0] ?? trial.results.at(-1)?.[0] ?? null,
      ...(several && { values: trial.values }),
      epochs: epochsSpent(trial),
      ...(trial.reason !== null && { reason: trial.reason }),
    })),
    best: winner && {
      number: winner.number,
      value: winner.values?.[0] as number,
      ...(several && { values: winner.values }),
      params: winner.parameters,
      interval: intervalOf(journal, winner),
      checkpoint: join(request.base.out as string, 'trials', String(winner.number).padStart(4, '0'), 'best'),
      ...withinNoise(journal, winner),
    },
    ...(several && { front: paretoFront(core).map(({ number }) => number) }),
    ...importancesOf(journal),
    edges: edges(core, { limits: limitsOf(study.plan.space) }),
    epochs: study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0),
    hours: journal.hours(),
    lrFind: rate,
    final: finalSummary(journal.finals.filter(({ number }) => number === winner?.number)),
    out: request.base.out,
  }
}

/** How much each parameter decides, by trials that are comparable; of fewer than two nothing can be said. */
function importancesOf({ study: driven }: Journal): { importances: Importance[]; importancesAt: number | null } {
  const { study, epochs } = trialsAtOneRung(driven)
  if (study.trials.filter(({ state }) => state === 'complete').length < 2)
    return { importances: [], importancesAt: null }
  return { importances: pedAnova(study), importancesAt: epochs }
}

function stateOf({ state, results }: DrivenTrial): Exclude<DrivenTrial['state'], 'paused'> {
  if (state !== 'paused') return state
  return results.length > 0 ? 'pruned' : 'waiting'
}

/** The 95 % interval of a complete trial's first objective, over the validation images. */
function intervalOf({ validated, study }: Journal, trial: DrivenTrial): ({ n: number } & Spread) | null {
  const folds = Array.from({ length: study.plan.folds }, (_, fold) => validated.get(`${trial.number} ${fold}`))
  if (folds.some((fold) => fold === undefined)) return null
  const spread = meanInterval(
    trial.values?.[0] as number,
    folds.map((fold) => fold?.intervals[0] ?? null),
  )
  return spread && { n: folds.reduce((sum, fold) => sum + (fold?.n ?? 0), 0), ...spread }
}

/** Complete trials whose value lies in the interval of the best: which of them is the best is not known. */
function withinNoise(journal: Journal, winner: DrivenTrial): { within: number; complete: number } | null {
  const interval = intervalOf(journal, winner)
  if (interval === null) return null
  const complete = journal.study.trials.filter(({ state }) => state === 'complete')
  const isWithin = ({ values }: DrivenTrial) =>
    (values?.[0] as number) >= interval.low && (values?.[0] as number) <= interval.high
  return { within: complete.filter(isWithin).length, complete: complete.length }
}

function finalSummary(finals: readonly Final[]) {
  if (finals.length === 0) return null
  const values = finals.map(({ values }) => values[0] as number)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null
  return { mean, deviation, runs: finals }
}

/** study.json, trials.json, trials.csv and optuna.json, each replaced in one rename. */
export async function writeStudyFiles(journal: Journal, document: StudyDocument): Promise<void> {
  const dir = journal.request.base.out as string
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
  const files = {
    'study.json': json({ ...document, plan: journal.study.plan, request: journal.request }),
    'trials.json': json(journal.study.trials),
    'trials.csv': trialsCsv(journal.study),
    'optuna.json': json(optunaStudy(journal.study)),
  }
  for (const [name, text] of Object.entries(files)) {
    const temporary = join(dir, `${name}.tmp`)
    await writeFile(temporary, text)
    await rename(temporary, join(dir, name))
  }
}

/** Rows of trials that people are told at the end. */
const mostRows = 10

export function tellStudy(io: Io, journal: Journal, document: StudyDocument): void {
  const { study } = journal
  const metric = study.plan.objectives[0]?.metric ?? ''
  io.say(summaryLine(journal))
  for (const trial of ranked(study).slice(0, mostRows)) {
    const value = (shownValue(trial) as number).toFixed(6)
    io.say(
      `${String(trial.number).padStart(5)}  ${trial.state.padEnd(8)}  ${value}  ${parametersText(trial.parameters)}`,
    )
  }
  tellBest(io, document, metric)
  const { importancesAt: at } = document
  if (at) io.say(`Importance, by ${metric} after ${at} ${at === 1 ? 'epoch' : 'epochs'}:`)
  for (const { name, importance, trials } of document.importances) {
    io.say(`  ${importance.toFixed(2)}  ${name} (of ${trials} trials)`)
  }
  for (const edge of document.edges) {
    const { name, side, hits, of, proposal } = edge
    const wider = proposal ? `: search it from ${proposal.low} to ${proposal.high}` : ', which is as far as it goes'
    io.log(`Warning: ${hits} of the ${of} best trials are at the ${side} end of ${name}${wider}`)
  }
  if (document.final !== null) {
    const { mean, deviation, runs } = document.final
    const [first] = runs as [Final]
    const spread = deviation === null ? '' : ` ± ${deviation.toFixed(6)}`
    const where = first.split === 'test' ? 'the test split' : 'the validation images that the study chose by'
    io.say(
      `Trained anew with ${runs.length} seeds: ${metric} ${mean.toFixed(6)}${spread} on ${where} (${first.n} images)`,
    )
  }
}

function tellBest(io: Io, { best }: StudyDocument, metric: string): void {
  if (best === null) {
    io.log('No trial is complete: give the study more trials, epochs or hours with --resume')
    return
  }
  const { interval } = best
  const range = interval
    ? `, 95% interval ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)} (${interval.n} images)`
    : ''
  io.say(`Best: trial ${best.number}, ${metric} ${best.value.toFixed(6)}${range}`)
  if (best.within !== undefined && best.complete !== undefined && best.within > 1) {
    io.say(
      `${best.within} of ${best.complete} complete trials lie within that interval: their differences may be chance`,
    )
  }
}
