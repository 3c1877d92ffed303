/**
 * One run, live. A query brings the whole; after it one subscription carries the run as it is and, of its curves, only the
 * points that are new: a long run costs as much to follow at its end as at its start.
 */
import type { Api } from './api.ts'
import { resumeRunMutation, runFeed, runQuery, stopRunMutation } from './documents.ts'
import type { RunCurves, RunFeed, RunQuery } from './documents.types.ts'
import { type LiveState, newlyOpened, openLive } from './live-object.ts'
import { type Curve, emptyCurve, lastStep, mergePoints, thin } from './series.ts'
import { createStore, type ReadableStore } from './store.ts'

export type RunDetails = Omit<NonNullable<RunQuery['run']>, CurveName | 'log'>
export type LogLine = NonNullable<RunQuery['run']>['log']['edges'][number]

type CurveName = keyof RunCurves
export type Curves = Readonly<Record<CurveName, Curve>>

export type RunAction = 'stopping' | 'resuming'

export interface RunViewState extends LiveState<RunAction> {
  run: RunDetails | null
  curves: Curves
  /** The latest lines, oldest first. */
  log: readonly LogLine[]
}

export interface RunStore extends ReadableStore<RunViewState> {
  stop(): Promise<boolean>
  resume(): Promise<boolean>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

/** Points kept of a curve, twice as many before it is thinned: a chart is rarely wider than this in pixels. */
const maxPoints = 1000
const maxLogLines = 500

const noCurves: Curves = {
  loss: emptyCurve,
  smoothLoss: emptyCurve,
  learningRate: emptyCurve,
  validLoss: emptyCurve,
  accuracy: emptyCurve,
  f1Weighted: emptyCurve,
  f1Micro: emptyCurve,
  f1Macro: emptyCurve,
}

export function createRunStore(api: Api, id: string): RunStore {
  const store = createStore<RunViewState>({ ...newlyOpened, run: null, curves: noCurves, log: [] })
  const live = openLive(store, {
    read: async () => (await api.query(runQuery, { id })).run,
    show: (run) => store.set({ run, curves: growCurves(noCurves, run), log: run.log.edges }),
    follow(handlers) {
      // From the last epoch on rather than the last step: an epoch's values are written some time after its last step.
      const sinceStep = lastStep(store.get().curves.validLoss) ?? -1
      return api.subscribe(
        runFeed,
        { id, sinceStep },
        { ...handlers, onData: ({ runUpdated }) => handlers.onData(runUpdated) },
      )
    },
    update(update: RunFeed['runUpdated']) {
      const { run, curves, log } = store.get()
      if (!run) return
      const next = { ...run, ...update, config: { ...run.config, ...update.config } }
      store.set({ run: next, curves: growCurves(curves, update), log: mergeLog(log, update.log.edges), error: null })
    },
  })
  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: live.open,
    stop: () => live.act('stopping', async () => (await api.mutate(stopRunMutation, { id })).stopRun),
    resume: () => live.act('resuming', async () => (await api.mutate(resumeRunMutation, { id })).resumeRun),
    close: live.close,
  }
}

/** Adds what an event brought; see `mergePoints` for overlaps. */
function growCurves(curves: Curves, update: RunCurves): Curves {
  const grow = (name: CurveName): Curve => {
    const grown = mergePoints(curves[name], update[name].points)
    return grown.steps.length > 2 * maxPoints ? thin(grown, maxPoints) : grown
  }
  return {
    loss: grow('loss'),
    smoothLoss: grow('smoothLoss'),
    learningRate: grow('learningRate'),
    validLoss: grow('validLoss'),
    accuracy: grow('accuracy'),
    f1Weighted: grow('f1Weighted'),
    f1Micro: grow('f1Micro'),
    f1Macro: grow('f1Macro'),
  }
}

/** Appends the lines that are not known yet; the oldest make room. */
export function mergeLog(log: readonly LogLine[], lines: readonly LogLine[]): readonly LogLine[] {
  const known = new Set(log.map((line) => line.cursor))
  const fresh = lines.filter((line) => !known.has(line.cursor))
  return fresh.length === 0 ? log : [...log, ...fresh].slice(-maxLogLines)
}
