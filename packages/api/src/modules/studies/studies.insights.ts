/** What follows from a study's trials: the best, how it came to be, what mattered. */
import {
  bestTrial,
  type Edge,
  edges,
  epochsSpent,
  fanova,
  type Importance,
  paretoFront,
  pedAnova,
  studyOf,
  TuningError,
  trialsAtOneRung,
} from '@sporeprint/tuning'
import { secondsOf } from './studies.advance.ts'
import { drivenStudy } from './studies.state.ts'
import type { StudyRow, TrialRow } from './studies.table.ts'
import { limitsOf } from './trial-config.ts'

const core = (row: StudyRow, rows: readonly TrialRow[]) => studyOf(drivenStudy(row, rows))

/** The best complete trial; of several objectives, the first on the front. */
export function bestOf(row: StudyRow, rows: readonly TrialRow[]): TrialRow | null {
  const best = bestTrial(core(row, rows))
  return best ? (rows[best.number] ?? null) : null
}

/** The complete trials that no other one beats in every objective. */
export const frontOf = (row: StudyRow, rows: readonly TrialRow[]): TrialRow[] =>
  paretoFront(core(row, rows)).flatMap(({ number }) => rows[number] ?? [])

export interface HistoryPoint {
  trial: TrialRow
  /** Its value of the first objective, and the best up to then. */
  value: number
  best: number
}

/** The complete trials in the order in which they came to be. */
export function historyOf({ plan }: StudyRow, rows: readonly TrialRow[]): HistoryPoint[] {
  const sign = plan.objectives[0]?.direction === 'maximize' ? -1 : 1
  let best = Number.POSITIVE_INFINITY
  return rows
    .filter(({ state }) => state === 'complete')
    .toSorted((a, b) => Number(a.finishedAt) - Number(b.finishedAt) || a.number - b.number)
    .flatMap((trial) => {
      const value = trial.values?.[0]
      if (value === undefined) return []
      best = Math.min(best, sign * value)
      return [{ trial, value, best: sign * best }]
    })
}

export type ImportanceMethod = 'pedAnova' | 'fanova'

/** Of trials measured after the same number of epochs, at a rung to which many came; none before two came anywhere. */
export function importancesOf(row: StudyRow, rows: readonly TrialRow[], method: ImportanceMethod): Importance[] {
  const { study } = trialsAtOneRung(drivenStudy(row, rows))
  try {
    return method === 'fanova' ? fanova(study) : pedAnova(study)
  } catch (error) {
    if (error instanceof TuningError) return []
    throw error
  }
}

/** Epochs after which those trials were measured. */
export const importanceEpochs = (row: StudyRow, rows: readonly TrialRow[]): number =>
  trialsAtOneRung(drivenStudy(row, rows)).epochs

export interface Spent {
  trials: number
  epochs: number
  hours: number
}

export const spentOf = (row: StudyRow, rows: readonly TrialRow[]): Spent => ({
  trials: rows.filter(({ state }) => state !== 'waiting').length,
  epochs: rows.reduce((sum, trial) => sum + epochsSpent(trial), 0),
  hours: secondsOf(row) / 3600,
})

/** Ranges at whose ends most of the best trials lie, and wider ones; none under several objectives. */
export function edgesOf(row: StudyRow, rows: readonly TrialRow[]): Edge[] {
  if (row.plan.objectives.length > 1) return []
  const limits = Object.keys(row.plan.space).flatMap((name) => {
    const range = limitsOf(name)
    return range ? [[name, range] as const] : []
  })
  return edges(core(row, rows), { limits: Object.fromEntries(limits) })
}
