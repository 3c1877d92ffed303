/** A study from the command line's options to its result. */
import { basename, join, relative, resolve } from 'node:path'
import type { TrainSpec } from '@sporeprint/engine'
import {
  type Budget,
  baselineOf,
  epochsSpent,
  narrowed,
  type Parameters,
  record,
  type StudyPlan,
} from '@sporeprint/tuning'
import { CommandError, errorCode, UsageError } from '../cli/errors.ts'
import { abortOnInterrupt } from '../cli/interrupt.ts'
import type { Io } from '../cli/io.ts'
import { createProgress } from '../cli/progress.ts'
import { resumeCommand } from '../cli/resume-command.ts'
import { loadEngine } from '../engine.ts'
import { buildSpec } from '../train/build-spec.ts'
import { readConfigFile } from '../train/config-file.ts'
import { type GivenSettings, withDefaults } from '../train/settings.ts'
import { trainReporter } from '../train/train-reporter.ts'
import { type FoundRate, Journal } from './journal.ts'
import { difference, objectivesOf, planOf, prunerOf, type StudyRequest, samplerOf } from './request.ts'
import { StudyRun } from './run-study.ts'
import { defaultSpace, readJson, readSpace, settingsByName } from './space.ts'
import { studyDocument, tellStudy, writeStudyFiles } from './study-report.ts'
import { createStudyView } from './study-view.ts'

export interface TuneOptions {
  trials?: number
  maxEpochs?: number
  hours?: number
  sampler: string
  pruner?: string
  space?: string
  metric: string[]
  direction: string[]
  folds: number
  parallel: number
  rungs?: number[]
  sizes: number[]
  restarts: boolean
  lrFind?: true
  baseline: boolean
  enqueue?: string
  finalSeeds?: number
  config?: string
  out?: string
  resume?: true
}

/** Trials where no budget is given, and seeds of the winner where there is a test split. */
const usualTrials = 20
const usualSeeds = 3

export async function tuneFolder(io: Io, dir: string, options: TuneOptions, given: GivenSettings): Promise<void> {
  const request = await buildRequest(io, dir, options, given)
  const interrupt = abortOnInterrupt(() => io.log('Stopping after this step; once more to end at once.'))
  let journal: Journal | null = null
  try {
    journal = await openJournal(io, request, options, interrupt.signal)
    await runStudy(io, journal, options, interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted || (errorCode(error) !== 'ABORTED' && !(error instanceof DOMException))) {
      if (journal?.study.trials.every((trial) => epochsSpent(trial) === 0)) await journal.discard()
      throw error
    }
    if (journal) await writeStudyFiles(journal, studyDocument(journal, null))
    const command = resumeCommand('tune', request.base.out as string)
    throw new CommandError('STOPPED', `stopped; to go on: ${command}`, { cause: error })
  } finally {
    interrupt.release()
    await journal?.close()
  }
}

async function buildRequest(io: Io, dir: string, options: TuneOptions, given: GivenSettings): Promise<StudyRequest> {
  const { config, space, folds, sizes, restarts, lrFind = false, baseline, resume = false } = options
  if (resume && options.out === undefined) {
    throw new UsageError('--resume needs --out DIR, the folder of the study to go on with')
  }
  const objectives = objectivesOf(options.metric, options.direction)
  const chosen = { ...(config === undefined ? {} : await readConfigFile(config)), ...given }
  const ofStudy = ['folds', 'fold', 'progressive', 'monitor'].find((name) => Object.hasOwn(chosen, name))
  if (ofStudy !== undefined)
    throw new UsageError(`${config}: ${ofStudy} belongs to the study: leave it out of the config`)
  const [metric] = objectives
  const spec = await buildSpec({
    dir,
    given: { monitor: metric?.metric === 'f1Micro' ? 'accuracy' : metric?.metric, ...chosen } as GivenSettings,
    out: options.out ?? join('.sporeprint', 'studies', studyName(dir)),
    findWeights: async (name) => (await import('../weights.ts')).resolveWeights(io, name),
  })
  if (spec.epochs === 0) throw new UsageError('--epochs is how far a trial may go: at least 1')
  const names = new Set(Object.keys(chosen))
  // What a baseline begins with may be given and searched; otherwise it would say nothing.
  const searched =
    space === undefined
      ? defaultSpace(withDefaults(chosen), names)
      : await readSpace(space, baseline ? new Set() : names)
  if (Object.hasOwn(searched, 'labelSmoothing') && objectives.some(({ metric }) => metric === 'validLoss')) {
    throw new UsageError(
      'validLoss is measured with the label smoothing of a trial: give --label-smoothing, so that it is not searched, or another --metric',
    )
  }
  return {
    base: { ...spec, progressive: [], folds: null, fold: 0 },
    space: searched,
    sampler: samplerOf(options.sampler),
    pruner: prunerOf(options.pruner ?? (objectives.length > 1 ? 'none' : 'asha')),
    objectives,
    folds,
    rungs: options.rungs ?? null,
    sizes,
    restarts,
    lrFind,
    baseline: baseline && options.sampler !== 'grid',
    enqueue: options.enqueue === undefined ? [] : await readEnqueued(options.enqueue),
  }
}

/** photos-20261123-211500: the folder and the time (UTC). */
function studyName(dir: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  return `${basename(resolve(dir))}-${time}`
}

async function readEnqueued(file: string): Promise<Parameters[]> {
  const document = await readJson(file, 'parameters to try first')
  const list: unknown[] = Array.isArray(document) ? document : [document]
  if (list.some((one) => typeof one !== 'object' || one === null || Array.isArray(one))) {
    throw new UsageError(`${file}: it must hold an object of parameters, or a list of them`)
  }
  return list as Parameters[]
}

/** The journal to go on with, or that of a new study, of which the first trials are enqueued. */
async function openJournal(io: Io, request: StudyRequest, options: TuneOptions, signal: AbortSignal): Promise<Journal> {
  const out = request.base.out as string
  const place = relative('', out) || '.'
  const known = await Journal.resume(out)
  if (known !== null) {
    if (!options.resume) {
      await known.close()
      throw new CommandError(
        'OUT_IN_USE',
        `${place} holds a study already: --resume goes on with it, another --out keeps it`,
      )
    }
    return goOn(known, request, options, place)
  }
  const { budget, parallel } = limits(options)
  // Refused before the range test.
  planOf(request, { name: basename(out), budget, parallel })
  const rate = request.lrFind ? await findRange(io, request, signal) : null
  const space = rate?.range ? { ...request.space, baseLr: rate.range } : request.space
  const found = rate?.range ? { baseLr: rate.rate as number } : {}
  const baseline = request.baseline ? baselineOf(space, settingsByName({ ...request.base, ...found })) : null
  const plan = planOf({ ...request, space }, { name: basename(out), budget, parallel, ...(baseline && { baseline }) })
  const first = [baseline ?? found, ...request.enqueue].filter((parameters) => Object.keys(parameters).length > 0)
  checkEnqueued(plan, first)
  const journal = await Journal.create(out, { request, plan, rate })
  for (const parameters of first) await journal.note({ kind: 'enqueued', parameters })
  return journal
}

/** Refuses what is to be tried first before there is a study. */
function checkEnqueued(plan: StudyPlan, first: readonly Parameters[]): void {
  try {
    for (const parameters of first) record({ plan, trials: [] }, { kind: 'enqueued', parameters })
  } catch (error) {
    throw new UsageError(`--enqueue: ${(error as Error).message}`, { cause: error })
  }
}

async function goOn(journal: Journal, request: StudyRequest, options: TuneOptions, place: string): Promise<Journal> {
  const other = difference(journal.request, request)
  if (other !== null) {
    await journal.close()
    throw new UsageError(`the study in ${place} was started with ${other}: give what it was started with`)
  }
  const { study } = journal
  const { budget, parallel } = limits(options, study.plan.budget)
  if (JSON.stringify(budget) !== JSON.stringify(study.plan.budget)) await journal.note({ kind: 'budgeted', budget })
  study.plan = { ...study.plan, parallel }
  // Where things lie now.
  Object.assign(journal.request.base, { data: request.base.data, out: request.base.out, weights: request.base.weights })
  return journal
}

function limits(
  { trials, maxEpochs, hours, parallel }: TuneOptions,
  was?: Budget,
): { budget: Budget; parallel: number } {
  const free = maxEpochs === undefined && hours === undefined
  const usual: Budget = was ?? { trials: free ? usualTrials : null, epochs: null, hours: null }
  const budget = { trials: trials ?? usual.trials, epochs: maxEpochs ?? usual.epochs, hours: hours ?? usual.hours }
  return { budget, parallel }
}

/** The range test, and the learning rates that are worth a search by what it says. */
async function findRange(io: Io, { base, space }: StudyRequest, signal: AbortSignal): Promise<FoundRate> {
  if (space.baseLr?.kind !== 'float') {
    throw new UsageError('--lr-find narrows the range of baseLr: have it in the space, as a float')
  }
  const { runTask } = await loadEngine()
  const progress = createProgress()
  const question = { spec: { ...base, out: null }, sweep: {} }
  const events = { signal, onEvent: trainReporter(io, progress), onWarning: io.log }
  const { suggestions, range } = await runTask('findRate', question, events).finally(() => progress.pause())
  const left = range && narrowed(space.baseLr, range)
  if (range === null || left === null) {
    const what = range === null ? 'nothing' : `${range.low.toExponential(2)} to ${range.high.toExponential(2)}`
    io.log(`Warning: the range test suggests ${what}, which the space does not have: the range of baseLr stays`)
    return { suggestions, rate: range?.rate ?? null, range: null }
  }
  const { parameter, value: rate } = left
  const [from, to] = [parameter.low.toExponential(2), parameter.high.toExponential(2)]
  io.log(`The range test suggests a rate of ${rate.toExponential(2)}: searching ${from} to ${to}`)
  return { suggestions, rate, range: parameter }
}

async function runStudy(io: Io, journal: Journal, options: TuneOptions, signal: AbortSignal): Promise<void> {
  const { train } = await loadEngine()
  const view = createStudyView(io, journal)
  try {
    const run = new StudyRun({ journal, train, signal, onEvent: view.onEvent, onTrial: view.onTrial })
    const over = await run.run()
    const seeds = options.finalSeeds ?? ((await holdsTest(journal.request.base)) ? usualSeeds : 0)
    await run.final(Array.from({ length: seeds }, (_, i) => journal.request.base.seed + 1 + i))
    view.finish()
    const document = studyDocument(journal, over)
    await writeStudyFiles(journal, document)
    tellStudy(io, journal, document)
    io.document(document)
  } finally {
    view.finish()
  }
}

async function holdsTest({ data }: TrainSpec): Promise<boolean> {
  return (await import('../files.ts')).exists(join(data, 'test'))
}
