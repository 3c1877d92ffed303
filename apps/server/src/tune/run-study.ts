/** Runs a study: asks the driver what is next, trains it in engine hosts, and writes down what happened. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EpochRecord, StartEvent, TrainEvent, TrainResult, TrainSpec } from '@sporeprint/engine'
import type { TrainOptions } from '@sporeprint/engine/node'
import { type ClassificationReport, scoreInterval } from '@sporeprint/metrics'
import {
  bestTrial,
  type Decision,
  type DrivenTrial,
  decide,
  type OverReason,
  studyOf,
  type Work,
} from '@sporeprint/tuning'
import { errorCode } from '../cli/errors.ts'
import type { Final, Journal } from './journal.ts'
import type { MetricName } from './request.ts'
import { finalSpec, trialFolder, trialSpec } from './trial-spec.ts'

export interface StudyRunOptions {
  journal: Journal
  /** `train` of @sporeprint/engine/node. */
  train: (spec: TrainSpec, options: TrainOptions) => Promise<TrainResult>
  signal: AbortSignal
  /** How far trial `number`, or the seed of a final run, is. */
  onEvent: (number: number, event: TrainEvent) => void
  /** A trial changed its state, or its run began another stretch. */
  onTrial: (trial: DrivenTrial) => void
}

/** Failures of what a trial asks for: the study goes on without it. */
const ofTrial: ReadonlySet<string> = new Set(['BAD_CONFIG', 'OUT_OF_MEMORY'])
/** Failures of the host: the trial goes on from its checkpoint. */
const ofHost: ReadonlySet<string> = new Set(['HOST_CRASHED', 'DEVICE_LOST'])

export class StudyRun {
  readonly #options: StudyRunOptions
  readonly #running = new Map<number, { stop: AbortController; ended: Promise<void> }>()
  /** Trials that nothing is left of but their history. */
  readonly #tidied = new Set<number>()
  /** What ends the whole study. */
  #failure: unknown = null
  #wake: () => void = () => {}
  images: StartEvent['images'] | null = null

  constructor(options: StudyRunOptions) {
    this.#options = options
  }

  /** To the end of the study; why it is over. Rejects with ABORTED when the signal fires, and all that ran can go on. */
  async run(): Promise<OverReason> {
    const { journal, signal } = this.#options
    for (const { number, state } of journal.study.trials) {
      if (state === 'running')
        await journal.note({ kind: 'lost', number, reason: 'the study was ended', blameless: true })
    }
    const wake = (): void => this.#wake()
    signal.addEventListener('abort', wake)
    try {
      for (;;) {
        // What happens from here on is seen by the next round.
        const news = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        if (this.#failure !== null) throw this.#failure
        signal.throwIfAborted()
        const decisions = decide(journal.study, journal.hours())
        const [first] = decisions
        if (first?.kind === 'over') return await this.#close(first.reason)
        for (const decision of decisions) await this.#follow(decision)
        if (decisions.length === 0) await news
      }
    } finally {
      signal.removeEventListener('abort', wake)
      for (const { stop } of this.#running.values()) stop.abort()
      await Promise.all([...this.#running.values()].map(({ ended }) => ended))
    }
  }

  async #close(reason: OverReason): Promise<OverReason> {
    const { journal } = this.#options
    if (journal.study.trials.some(({ state }) => state === 'paused')) await journal.note({ kind: 'closed' })
    await this.#tidy()
    return reason
  }

  async #follow(decision: Decision): Promise<void> {
    const { journal, onTrial } = this.#options
    switch (decision.kind) {
      case 'start':
        await journal.note({ kind: 'started', number: decision.number, parameters: decision.parameters })
        break
      case 'continue':
        await journal.note({ kind: 'continued', number: decision.number })
        break
      case 'prune':
        await journal.note({ kind: 'pruned', number: decision.number, reason: decision.reason })
        this.#running.get(decision.number)?.stop.abort()
        onTrial(this.#trial(decision.number))
        await this.#tidy()
        return
      case 'over':
        return
    }
    const { number } = decision
    // A run that is still being stopped is of another trial: a pruned one does not come back.
    const stop = new AbortController()
    const ended = this.#train(decision, AbortSignal.any([stop.signal, this.#options.signal]))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
      .finally(() => {
        this.#running.delete(number)
        this.#wake()
      })
    this.#running.set(number, { stop, ended })
    onTrial(this.#trial(number))
  }

  async #train(work: Work, signal: AbortSignal): Promise<void> {
    const { journal, train, onEvent, onTrial } = this.#options
    const { number, fold } = work
    const trial = this.#trial(number)
    const heard: { report: ClassificationReport | null } = { report: null }
    const hear = (event: TrainEvent): void => {
      if (event.type === 'start') this.images = event.images
      if (event.type === 'evaluation' && event.split === 'valid') heard.report = event.report
      if (event.type === 'epoch') void this.#report(trial, fold, event.epoch).catch((error) => this.#fail(error))
      onEvent(number, event)
    }
    try {
      const spec = trialSpec(journal.request, journal.study.plan, trial, work)
      const { epochs, best } = await train(spec, { signal, onEvent: hear })
      for (const epoch of epochs) await this.#report(trial, fold, epoch)
      if (trial.state === 'running') {
        if (heard.report !== null) await this.#validated(trial, fold, heard.report)
        // Early stopping keeps its best epoch; otherwise the end of a schedule is what it comes to.
        const last = spec.patience === null ? (epochs.at(-1) ?? best) : best
        await journal.note({ kind: 'reached', number, values: this.#metrics().map((metric) => last[metric]) })
        onTrial(trial)
      }
    } catch (error) {
      if (trial.state === 'running') {
        await this.#noteFailure(number, error)
        onTrial(trial)
      }
    }
    this.#running.delete(number)
    await this.#tidy()
  }

  async #noteFailure(number: number, error: unknown): Promise<void> {
    const { journal } = this.#options
    const reason = error instanceof Error ? error.message : String(error)
    const code = errorCode(error)
    if (code === 'ABORTED') await journal.note({ kind: 'lost', number, reason, blameless: true })
    else if (ofHost.has(code)) await journal.note({ kind: 'lost', number, reason })
    // The sampler shall keep away from where losses explode: a pruned trial without a value is the worst of all.
    else if (code === 'DIVERGED') await journal.note({ kind: 'pruned', number, reason })
    else if (ofTrial.has(code)) await journal.note({ kind: 'failed', number, reason })
    else {
      await journal.note({ kind: 'lost', number, reason, blameless: true })
      throw error
    }
  }

  /** An epoch, noted once. */
  async #report(trial: DrivenTrial, fold: number, record: EpochRecord): Promise<void> {
    const epoch = record.epoch + 1
    const known =
      fold === 0 ? trial.reports.some((report) => report.epoch === epoch) : (trial.epochs[fold] ?? 0) >= epoch
    if (known || trial.state !== 'running') return
    const [metric] = this.#metrics() as [MetricName]
    await this.#options.journal.note({ kind: 'reported', number: trial.number, fold, epoch, value: record[metric] })
    this.#wake()
  }

  async #validated({ number }: DrivenTrial, fold: number, report: ClassificationReport): Promise<void> {
    const { journal } = this.#options
    const intervals = journal.study.plan.objectives.map(({ metric }) => scoreInterval(report, metric))
    await journal.note({ kind: 'validated', number, fold, n: report.n, intervals })
  }

  /** Trains the best trial anew under each seed, those that are done left out, and tests it. */
  async final(seeds: readonly number[]): Promise<void> {
    const { journal, train, signal, onEvent } = this.#options
    const best = bestTrial(studyOf(journal.study))
    const trial = best === null ? undefined : journal.study.trials[best.number]
    if (trial === undefined) return
    const { number } = trial
    const done = new Set(journal.finals.filter((final) => final.number === number).map(({ seed }) => seed))
    for (const seed of seeds.filter((seed) => !done.has(seed))) {
      const spec = finalSpec(journal.request, trial, seed)
      const { test, checkpoint, best } = await train(spec, { signal, onEvent: (event) => onEvent(number, event) })
      const { objectives } = journal.study.plan
      const final: Final = {
        number,
        seed,
        split: test === null ? 'valid' : 'test',
        n: test?.n ?? this.images?.valid ?? 0,
        values: this.#metrics().map((metric) => (test === null ? best[metric] : scoreOf(test, metric))),
        intervals: objectives.map(({ metric }) => test && scoreInterval(test, metric)),
        checkpoint,
      }
      await journal.note({ kind: 'final', ...final })
      await rm(join(spec.out as string, 'last'), { recursive: true, force: true })
    }
  }

  /** Takes away checkpoints that nothing will go on from, and models that are not the best. */
  async #tidy(): Promise<void> {
    const { study, request } = this.#options.journal
    const best = bestTrial(studyOf(study))?.number
    for (const { number, state, epochs } of study.trials) {
      if (state !== 'complete' && state !== 'pruned' && state !== 'failed') continue
      if (this.#running.has(number) || this.#tidied.has(number)) continue
      if (number !== best) this.#tidied.add(number)
      for (let fold = 0; fold < Math.max(1, epochs.length); fold++) {
        const folder = trialFolder(request.base.out as string, number, fold)
        await rm(join(folder, 'last'), { recursive: true, force: true })
        if (number !== best) await rm(join(folder, 'best'), { recursive: true, force: true })
      }
    }
  }

  #trial(number: number): DrivenTrial {
    return this.#options.journal.study.trials[number] as DrivenTrial
  }

  #metrics(): MetricName[] {
    return this.#options.journal.study.plan.objectives.map(({ metric }) => metric as MetricName)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#wake()
  }
}

function scoreOf(report: ClassificationReport, metric: MetricName): number {
  return metric === 'validLoss' ? report.loss : report[metric]
}
