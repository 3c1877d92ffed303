/**
 * One run, live. A query brings the whole; after it one subscription carries the run as it is and, of its curves, only the
 * points that are new: a long run costs as much to follow at its end as at its start.
 */
import type { Api, FeedState } from './api.ts'
import { resumeRunMutation, runFeed, runQuery, stopRunMutation } from './documents.ts'
import type { RunCurves, RunFeed, RunQuery } from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import { type Curve, emptyCurve, lastStep, mergePoints, thin } from './series.ts'
import { createStore, type ReadableStore } from './store.ts'

export type RunDetails = Omit<NonNullable<RunQuery['run']>, CurveName | 'log'>
export type LogLine = NonNullable<RunQuery['run']>['log']['edges'][number]

type CurveName = keyof RunCurves
export type Curves = Readonly<Record<CurveName, Curve>>

export interface RunViewState {
  phase: 'loading' | 'ready' | 'missing'
  run: RunDetails | null
  curves: Curves
  /** The latest lines, oldest first. */
  log: readonly LogLine[]
  feed: FeedState
  /** What keeps the page from being current; the last known state stays on view. */
  error: ApiError | null
  action: 'stopping' | 'resuming' | null
  actionError: ApiError | null
}

export interface RunStore extends ReadableStore<RunViewState> {
  stop(): Promise<void>
  resume(): Promise<void>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

/** Points kept of a curve, twice as many before it is thinned: a chart is rarely wider than this in pixels. */
const maxPoints = 1000
const maxLogLines = 500
const reopenMs = 1500

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
  const store = createStore<RunViewState>({
    phase: 'loading',
    run: null,
    curves: noCurves,
    log: [],
    feed: 'connecting',
    error: null,
    action: null,
    actionError: null,
  })
  let closed = false
  let endFeed = (): void => {}
  /** Counts openings, so that of two that overlap only the later one leads to a subscription. */
  let opening = 0
  void open()

  /** Loads the whole and follows it from there. */
  async function open(): Promise<void> {
    endFeed()
    const mine = ++opening
    if (!(await load()) || closed || mine !== opening) return
    // From the last epoch on rather than the last step: an epoch's values are written some time after its last step.
    const sinceStep = lastStep(store.get().curves.validLoss) ?? -1
    endFeed = api.subscribe(
      runFeed,
      { id, sinceStep },
      {
        onData: ({ runUpdated }) => onUpdate(runUpdated),
        onState(feed) {
          const before = store.get().feed
          store.set({ feed })
          if (feed === 'live' && before === 'reconnecting') void load()
          // A server that shuts down, or a run that was deleted, ends the stream.
          if (feed === 'closed') reopenLater()
        },
        onError: (error) => store.set({ error, feed: 'closed' }),
      },
    )
  }

  function reopenLater(): void {
    setTimeout(() => {
      if (!closed) void open()
    }, reopenMs)
  }

  function onUpdate(update: RunFeed['runUpdated']): void {
    const { run, curves, log } = store.get()
    if (!run) return
    const next = { ...run, ...update, config: { ...run.config, ...update.config } }
    store.set({ run: next, curves: growCurves(curves, update), log: mergeLog(log, update.log.edges), error: null })
  }

  /** @returns whether there is a run to follow */
  async function load(): Promise<boolean> {
    try {
      const { run } = await api.query(runQuery, { id })
      if (closed) return false
      if (run) {
        store.set({ phase: 'ready', run, curves: growCurves(noCurves, run), log: run.log.edges, error: null })
      } else {
        store.set({ phase: 'missing', run: null, error: null, feed: 'closed' })
      }
      return run !== null
    } catch (error) {
      if (!closed) {
        store.set({ error: asApiError(error), feed: 'reconnecting' })
        reopenLater()
      }
      return false
    }
  }

  async function act(
    action: 'stopping' | 'resuming',
    work: () => Promise<{ __typename: string; message?: string }>,
  ): Promise<void> {
    store.set({ action, actionError: null })
    try {
      const { message } = await work()
      if (message !== undefined) throw new ApiError(action === 'stopping' ? 'NOT_STOPPED' : 'NOT_RESUMED', message)
      await load()
      store.set({ action: null })
    } catch (error) {
      store.set({ action: null, actionError: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: open,
    stop: () => act('stopping', async () => (await api.mutate(stopRunMutation, { id })).stopRun),
    resume: () => act('resuming', async () => (await api.mutate(resumeRunMutation, { id })).resumeRun),
    close() {
      closed = true
      endFeed()
    },
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
