/**
 * What comes next in a study, decided and begun in one transaction under a lock of its row: by the worker that stored an epoch or
 * ended a run, by whoever changed the study, and every two seconds by every process, so that nothing is lost with one that died.
 * The driver of `@sporeprint/tuning` decides, rows keep what it knows, runs do its work. Nothing is started twice: a decision is
 * written in the transaction that puts its job into the queue.
 */
import {
  bestTrial,
  type Decision,
  type DrivenTrial,
  decide,
  type OverReason,
  record,
  studyOf,
  type Work,
  workOf,
} from '@sporeprint/tuning'
import { asc, eq, inArray, sql } from 'drizzle-orm'
import { type Database, query } from '../../db/database.ts'
import { InvalidInput } from '../../errors.ts'
import { announce } from '../../live/live.ts'
import { jobs } from '../jobs/jobs.table.ts'
import { models } from '../models/models.table.ts'
import type { RunService } from '../runs/runs.service.ts'
import { epochs, type RunRow, runs } from '../runs/runs.table.ts'
import { lostAfter } from '../workers/workers.service.ts'
import { workers } from '../workers/workers.table.ts'
import { settleRate } from './find-rate.job.ts'
import { epochsThatCount, valueAfter } from './objectives.ts'
import { lockStudy, type StudyState, saveStudy } from './studies.state.ts'
import { type StudyRow, studies, trials } from './studies.table.ts'
import { configOfTrial, configOfWinner, restartsOf } from './trial-config.ts'

/** Trials that fail one after the other, and none before them that did not, have a reason in common: the study is stopped. */
const failuresInARow = 5

interface Turn {
  tx: Database
  runService: RunService
  state: StudyState
}

/** Notes what became of the study's runs, then starts, goes on with and stops what the driver says. */
export async function advance(tx: Database, runService: RunService, studyId: number): Promise<void> {
  const state = await lockStudy(tx, studyId)
  if (state?.row.status !== 'RUNNING' || (await waitsForRate(tx, state.row))) return
  const turn = { tx, runService, state }
  const seenEpochs = await countEpochs(tx, studyId)
  await hear(turn)
  const end = await goAhead(turn)
  const news = seenEpochs === state.row.seenEpochs ? {} : { seenEpochs }
  if (await saveStudy(tx, state, { ...news, ...end })) await announce(tx, 'study', 'updated', studyId)
}

/** Whether the range test is still under way. One that failed is no reason not to begin: the range stays as it was given. */
async function waitsForRate(tx: Database, { id, extras: { rate } }: StudyRow): Promise<boolean> {
  if (!rate || rate.settled) return false
  const [job] = await tx.select({ status: jobs.status }).from(jobs).where(eq(jobs.id, rate.jobId))
  if (job?.status === 'QUEUED' || job?.status === 'RUNNING') return true
  await settleRate(tx, id, null)
  // The next look begins with what that has written.
  return true
}

/** Of all runs of a study: what `advance` compares to know whether it has missed something. */
const countEpochs = (tx: Database, studyId: number): Promise<number> =>
  tx.$count(epochs, inArray(epochs.runId, tx.select({ id: runs.id }).from(runs).where(eq(runs.studyId, studyId))))

/** Follows decisions until there are none, or none but that the study is over; gives what that means for its row. */
async function goAhead(turn: Turn): Promise<Partial<StudyRow>> {
  const { state } = turn
  const { row, driven } = state
  for (;;) {
    const failing = commonFailure(driven.trials)
    if (failing !== null) return stopped(row, `${failuresInARow} trials have failed, and none has not: ${failing}`)
    const parallel = Math.min(driven.plan.parallel, await freeHands(turn.tx))
    const decisions = decide({ ...driven, plan: { ...driven.plan, parallel } }, secondsOf(row) / 3600)
    if (decisions.length === 0) return {}
    for (const decision of decisions) {
      if (decision.kind === 'over') return (await trainWinner(turn)) ? {} : finished(row, decision.reason)
      await follow(turn, decision)
    }
    // Some came to their end at once: what had run to its end before, and what cannot be run.
    await hear(turn)
  }
}

/** Jobs that all live workers together do at a time; one at least, so that a trial waits for the first worker. */
async function freeHands(tx: Database): Promise<number> {
  const [row] = await query<{ hands: number }>(
    tx,
    sql`select coalesce(sum(${workers.concurrency}), 0)::int as hands from ${workers}
      where ${workers.heartbeatAt} > now() - ${lostAfter}::interval`,
  )
  return Math.max(1, row?.hands ?? 0)
}

function commonFailure(trials: readonly DrivenTrial[]): string | null {
  const started = trials.filter(({ state }) => state !== 'waiting')
  const alike = started.length >= failuresInARow && started.every(({ state }) => state === 'failed')
  return alike ? (started.at(-1)?.reason ?? '') : null
}

/** How long it was RUNNING up to now. */
export const secondsOf = ({ seconds, runningSince }: StudyRow): number =>
  seconds + (runningSince === null ? 0 : (Date.now() - runningSince.getTime()) / 1000)

export const stopped = (row: StudyRow, outcome: string | null): Partial<StudyRow> => ({
  status: 'STOPPED',
  outcome,
  seconds: secondsOf(row),
  runningSince: null,
})

const outcomes: Record<OverReason, string> = {
  trials: 'The budget of trials is spent',
  epochs: 'The budget of epochs is spent',
  hours: 'The budget of hours is spent',
  exhausted: 'Every combination of the space was tried',
}

const finished = (row: StudyRow, reason: OverReason): Partial<StudyRow> => ({
  ...stopped(row, outcomes[reason]),
  status: 'FINISHED',
  finishedAt: new Date(),
})

/** Tells the driver what the runs of running trials have reported, and how those that ended came to their end. */
export async function hear({ tx, state }: Pick<Turn, 'tx' | 'state'>): Promise<void> {
  const { driven } = state
  const { objectives } = driven.plan
  const busy = driven.trials.flatMap((trial) => {
    if (trial.state !== 'running') return []
    const work = workOf(driven, trial)
    return [{ number: trial.number, work, run: runOf(state, work) }]
  })
  const runIds = busy.flatMap(({ run }) => (run ? [run.id] : []))
  const rows =
    runIds.length === 0
      ? []
      : await tx.select().from(epochs).where(inArray(epochs.runId, runIds)).orderBy(asc(epochs.runId), epochs.epoch)
  for (const { number, work, run } of busy) {
    if (!run) {
      record(driven, { kind: 'failed', number, reason: 'its run was deleted' })
      continue
    }
    const done = rows.filter(({ runId }) => runId === run.id)
    for (const [i, { epoch }] of done.entries()) {
      const value = valueAfter(objectives[0] as (typeof objectives)[0], done.slice(0, i + 1))
      record(driven, { kind: 'reported', number, fold: work.fold, epoch: epoch + 1, value })
    }
    const counted = epochsThatCount(run.config, done)
    const end = endOf(run, () => objectives.map((objective) => valueAfter(objective, counted)))
    if (end) record(driven, { number, ...end })
  }
}

type End = { kind: 'reached'; values: number[] } | { kind: 'failed' | 'pruned'; reason: string }

function endOf({ status, error }: RunRow, values: () => number[]): End | null {
  switch (status) {
    case 'PAUSED':
    case 'SUCCEEDED':
      return { kind: 'reached', values: values() }
    case 'FAILED':
    case 'CRASHED':
      // The sampler shall keep away from where losses explode: a pruned trial without a value is the worst of all.
      if (error?.code === 'DIVERGED') return { kind: 'pruned', reason: error.message }
      return { kind: 'failed', reason: error?.message ?? status }
    case 'STOPPED':
      return { kind: 'pruned', reason: 'its run was stopped by hand' }
    case 'QUEUED':
    case 'RUNNING':
      return null
  }
}

/** The run that trains this fold of a trial. */
const runOf = ({ driven, runs }: StudyState, { number, fold }: Work): RunRow | undefined =>
  runs.find((run) => run.trial === number && !run.final && (driven.plan.folds === 1 || run.config.fold === fold))

async function follow(turn: Turn, decision: Exclude<Decision, { kind: 'over' }>): Promise<void> {
  const { tx, runService, state } = turn
  const { driven } = state
  const { number } = decision
  switch (decision.kind) {
    case 'start':
      record(driven, { kind: 'started', number, parameters: decision.parameters })
      return train(turn, decision)
    case 'continue':
      record(driven, { kind: 'continued', number })
      return train(turn, decision)
    case 'prune':
      record(driven, { kind: 'pruned', number, reason: decision.reason })
      for (const run of state.runs) {
        if (run.trial === number) replace(state, await runService.halt(tx, run.id, 'STOPPED'))
      }
  }
}

/** Queues the run of a trial's fold, or lets it go on. One that has come to its end is heard of next. */
async function train({ tx, runService, state }: Turn, work: Work): Promise<void> {
  const { row, driven } = state
  const { number, fold, until } = work
  const known = runOf(state, work)
  if (known) {
    if (known.status === 'PAUSED') replace(state, await runService.goOn(tx, known.id, until))
    return
  }
  const { parameters } = driven.trials[number] as DrivenTrial
  try {
    const config = configOfTrial(row, parameters, fold)
    const name = `${row.name} #${number}${driven.plan.folds > 1 ? `, fold ${fold}` : ''}`
    const { datasetId, id: studyId } = row
    const restarts = restartsOf(row)
    const run = { name, datasetId, config, tags: [], studyId, trial: number, until, restarts }
    state.runs.push(await runService.create(tx, run))
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    record(driven, { kind: 'failed', number, reason: error.message })
  }
}

/** Trains the winner anew under each seed, for the test split to judge; gives whether anything of that is still to be waited for. */
async function trainWinner({ tx, runService, state }: Turn): Promise<boolean> {
  const { row, driven } = state
  const { finalSeeds } = row.extras
  const best = finalSeeds > 0 ? bestTrial(studyOf(driven)) : null
  if (best === null) return false
  const { number, parameters } = best
  const config = configOfWinner(row, parameters, 0)
  for (let i = 0; i < finalSeeds; i++) {
    const seed = (config.seed + 1 + i) % 2 ** 31
    const known = state.runs.find((run) => run.final && run.trial === number && run.config.seed === seed)
    if (known?.status === 'PAUSED') replace(state, await runService.goOn(tx, known.id, null))
    if (known) continue
    const name = `${row.name} #${number}, seed ${seed}`
    const { datasetId, id: studyId } = row
    const run = { name, datasetId, config: { ...config, seed }, tags: [], studyId, trial: number, final: true }
    state.runs.push(await runService.create(tx, run))
  }
  return state.runs.some(({ final, status }) => final && (status === 'QUEUED' || status === 'RUNNING'))
}

function replace(state: StudyState, run: RunRow): void {
  state.runs = state.runs.map((other) => (other.id === run.id ? run : other))
}

/**
 * Takes the checkpoints of trials that are over from the list of models, and gives the folders that are to follow: nothing goes on
 * from them. A complete trial keeps its best model.
 */
export async function forgetCheckpoints(tx: Database, studyId: number): Promise<string[]> {
  const rows = await query<{ path: string }>(
    tx,
    sql`
      delete from ${models} m using ${runs} r, ${trials} t
      where r.id = m.run_id and r.study_id = ${studyId} and not r.final and r.worker_id is null
        and r.status not in ('QUEUED', 'RUNNING') and t.study_id = r.study_id and t.number = r.trial
        and (t.state in ('pruned', 'failed') or (t.state = 'complete' and m.kind = 'last'))
      returning m.path`,
  )
  return rows.map(({ path }) => path)
}

/**
 * Studies that have something to do: an epoch came, a run of a running trial ended, a worker is free, or time ran out. A cheap look,
 * since every process looks every two seconds.
 */
export async function studiesWithNews(db: Database): Promise<number[]> {
  const rows = await query<{ id: number }>(
    db,
    sql`
      select s.id from ${studies} s where s.status = 'RUNNING' and (
        s.seen_epochs <> (select count(*) from ${epochs} e join ${runs} r on r.id = e.run_id where r.study_id = s.id)
        or (select count(*) from ${trials} t where t.study_id = s.id and t.state = 'running') < least(
          (s.plan->>'parallel')::int,
          (select greatest(1, coalesce(sum(w.concurrency), 0)) from ${workers} w
            where w.heartbeat_at > now() - ${lostAfter}::interval))
        or exists (select from ${trials} t left join ${runs} r on r.study_id = s.id and r.trial = t.number
          where t.study_id = s.id and t.state = 'running'
          group by t.number having bool_and(r.id is null or r.status not in ('QUEUED', 'RUNNING'))))
      order by s.id`,
  )
  return rows.map(({ id }) => id)
}
