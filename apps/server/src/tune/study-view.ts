/** How a study looks while it runs: a table that is drawn anew on a terminal, a line for each change elsewhere. */
import type { TrainEvent } from '@sporeprint/engine'
import {
  bestTrial,
  type DrivenStudy,
  type DrivenTrial,
  epochsSpent,
  type Parameters,
  studyOf,
  type Value,
} from '@sporeprint/tuning'
import { clock } from '../cli/clock.ts'
import type { Io } from '../cli/io.ts'
import type { Journal } from './journal.ts'

/** Rows of trials that are shown at once, and milliseconds between two pictures. */
const mostRows = 15
const pace = 250

export interface StudyView {
  onEvent: (number: number, event: TrainEvent) => void
  onTrial: (trial: DrivenTrial) => void
  /** Takes the live table away. */
  finish: () => void
}

export function createStudyView(io: Io, journal: Journal, stream: NodeJS.WriteStream = process.stderr): StudyView {
  return stream.isTTY ? liveView(io, journal, stream) : plainView(io, journal)
}

function plainView(io: Io, { study }: Journal): StudyView {
  return {
    onEvent: (number, event) => {
      if (event.type === 'log' && event.level === 'warn') io.log(`Trial ${number}: ${event.message}`)
      if (event.type === 'epoch' && io.debug) io.log(`Trial ${number}: epoch ${event.epoch.epoch} done`)
    },
    onTrial: (trial) => io.log(describeTrial(study, trial)),
    finish: () => {},
  }
}

function liveView(io: Io, journal: Journal, stream: NodeJS.WriteStream): StudyView {
  const doing = new Map<number, string>()
  let drawn = 0
  let timer: NodeJS.Timeout | undefined
  const clear = (): void => {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\x1b[0J`)
    drawn = 0
  }
  const draw = (): void => {
    timer = undefined
    const lines = tableLines(journal, doing, stream.columns)
    clear()
    stream.write(`${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const drawSoon = (): void => {
    timer ??= setTimeout(draw, pace)
  }
  return {
    onEvent: (number, event) => {
      if (event.type === 'step')
        doing.set(number, `step ${event.step}/${event.steps}, loss ${event.smoothLoss.toFixed(3)}`)
      else if (event.type === 'prepare') doing.set(number, event.stage === 'images' ? 'reading images' : 'compiling')
      else if (event.type === 'log' && event.level === 'warn') {
        clear()
        io.log(`Trial ${number}: ${event.message}`)
      }
      drawSoon()
    },
    onTrial: ({ number }) => {
      doing.delete(number)
      drawSoon()
    },
    finish: () => {
      clearTimeout(timer)
      clear()
    },
  }
}

/** The trials that run, and the best of the others. */
function tableLines(journal: Journal, doing: ReadonlyMap<number, string>, width: number): string[] {
  const { study } = journal
  const shown = [
    ...study.trials.filter(({ state }) => state === 'running'),
    ...ranked(study).filter(({ state }) => state !== 'running'),
  ].slice(0, mostRows)
  const rows = shown.map((trial) =>
    [
      String(trial.number).padStart(5),
      trial.state.padEnd(9),
      String(epochsSpent(trial)).padStart(6),
      valueText(trial).padStart(9),
      doing.get(trial.number) ?? parametersText(trial.parameters),
    ].join('  '),
  )
  const metric = study.plan.objectives[0]?.metric ?? ''
  const header = ['trial', 'state    ', 'epochs', metric.slice(0, 9).padStart(9), ''].join('  ')
  return [summaryLine(journal), header, ...rows].map((line) => line.slice(0, Math.max(20, width - 1)))
}

/** How far the study is, on one line. */
export function summaryLine(journal: Journal): string {
  const { study } = journal
  const { plan, trials } = study
  const count = (state: DrivenTrial['state']) => trials.filter((trial) => trial.state === state).length
  const started = trials.length - count('waiting')
  const states = (['complete', 'pruned', 'paused', 'running', 'failed'] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  )
  const spent = trials.reduce((sum, trial) => sum + epochsSpent(trial), 0)
  const best = bestTrial(studyOf(study))
  const found =
    best === null ? '' : `; best ${plan.objectives[0]?.metric} ${best.values?.[0]?.toFixed(6)} (trial ${best.number})`
  const of = (limit: number | null) => (limit === null ? '' : ` of ${limit}`)
  return (
    `${plan.name}: ${started}${of(plan.budget.trials)} trials (${states.join(', ') || 'none yet'}), ` +
    `${spent}${of(plan.budget.epochs)} epochs, ${clock(3600 * journal.hours())}${found}`
  )
}

/** Trials that showed something: those that came furthest first, of these the best. */
export function ranked(study: DrivenStudy): DrivenTrial[] {
  const sign = study.plan.objectives[0]?.direction === 'maximize' ? -1 : 1
  const lossOf = (trial: DrivenTrial) => sign * (shownValue(trial) ?? 0)
  const cameTo = ({ state, results }: DrivenTrial) => (state === 'complete' ? Infinity : results.length)
  return study.trials
    .filter((trial) => shownValue(trial) !== null)
    .toSorted((a, b) => (cameTo(a) === cameTo(b) ? lossOf(a) - lossOf(b) : cameTo(b) - cameTo(a)))
}

/** What a trial has come to, of the first objective: its value, or that of its last stage, or of its last epoch. */
export function shownValue({ values, results, reports }: DrivenTrial): number | null {
  return values?.[0] ?? results.at(-1)?.[0] ?? reports.at(-1)?.value ?? null
}

function valueText(trial: DrivenTrial): string {
  return shownValue(trial)?.toFixed(6) ?? ''
}

/** baseLr 0.00123, schedule cosine */
export function parametersText(parameters: Readonly<Parameters>): string {
  const text = (value: Value) => (typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value))
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${text(value)}`)
    .join(', ')
}

function describeTrial({ plan }: DrivenStudy, trial: DrivenTrial): string {
  const { number, state, parameters, reason } = trial
  const metric = plan.objectives[0]?.metric
  const epochs = epochsSpent(trial)
  const after = `after ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`
  const value = shownValue(trial) === null ? '' : `, ${metric} ${valueText(trial)}`
  if (state === 'running') {
    return epochs === 0
      ? `Trial ${number} begins: ${parametersText(parameters)}`
      : `Trial ${number} goes on ${after}${value}`
  }
  return `Trial ${number} ${state} ${after}${value}${reason === null ? '' : `: ${reason}`}`
}
