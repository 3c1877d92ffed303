import type { Evaluation } from '@sporeprint/metrics'
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { Conflict, InvalidInput } from '../../errors.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import type { SplitName } from '../../jobs/contracts.ts'
import { type ExplainSettings, parseExplainSettings } from '../../jobs/serving.ts'
import { fullEvaluation } from '../evaluations/evaluations.service.ts'
import { type EvaluationRow, evaluations } from '../evaluations/evaluations.table.ts'
import { checkImages, type ImageInput } from '../images/images.ts'
import { type ImageWhere, imageCondition } from '../images/images.where.ts'
import type { JobService } from '../jobs/jobs.service.ts'
import type { JobRow } from '../jobs/jobs.table.ts'
import type { ModelService } from '../models/models.service.ts'
import type { RunService } from '../runs/runs.service.ts'
import type { RunRow } from '../runs/runs.table.ts'
import type { Subject } from './explain.job.ts'
import { type ExplanationRow, explanations } from './explanations.table.ts'

/** Images of one question. */
const mostImages = 32

/** What is to be explained: images, or those of a run's evaluation that went worst. Exactly one of the three. */
export interface Subjects {
  images?: readonly ImageInput[] | null | undefined
  /** So many of the worst images. */
  topLosses?: number | null | undefined
  /** The worst image of each of so many pairs of classes that are most often confused. */
  confusedPairs?: number | null | undefined
  /** Of the evaluation; by default the first that has one of test, valid, train. */
  split?: SplitName | null | undefined
}

export interface Explain extends Subjects {
  modelId: number
  /** As ExplainSettings, before they are checked. */
  settings: object
}

export const newestExplanations: Key<ExplanationRow> = byCreation(explanations)

export interface ExplanationWhere extends ImageWhere {
  method?: ExplainSettings['method'] | null | undefined
}

export class ExplanationService {
  readonly #db: Database
  readonly #jobs: JobService
  readonly #models: ModelService
  readonly #runs: RunService

  constructor(db: Database, jobs: JobService, models: ModelService, runs: RunService) {
    this.#db = db
    this.#jobs = jobs
    this.#models = models
    this.#runs = runs
  }

  byIds(ids: number[]): Promise<ExplanationRow[]> {
    return this.#db.select().from(explanations).where(inArray(explanations.id, ids))
  }

  list(where: ExplanationWhere): Rows<ExplanationRow> {
    return rowsOf(this.#db, explanations, this.#condition(where))
  }

  /** @throws NotFound, InvalidInput, Conflict where there is no evaluation to take images from */
  async ask({ modelId, settings, ...subjects }: Explain): Promise<JobRow> {
    const parsed = parseExplainSettings(settings)
    const model = await this.#models.get(modelId)
    const run = await this.#runs.get(model.runId)
    return this.#db.transaction(async (tx) => {
      const images = await this.#subjects(tx, run, subjects)
      return this.#jobs.ask(tx, 'explain', { modelId, images, settings: parsed }, run.id)
    })
  }

  async #subjects(
    tx: Database,
    run: RunRow,
    { images, topLosses, confusedPairs, split }: Subjects,
  ): Promise<Subject[]> {
    const refuse = (field: string, value: string | null, message: string) =>
      new InvalidInput([{ field: `input.${field}`, value, message }])
    const given = [images, topLosses, confusedPairs].filter((choice) => choice !== null && choice !== undefined)
    if (given.length !== 1) throw refuse('images', null, 'must be given, or else one of topLosses and confusedPairs')
    if (images) {
      const sources = await checkImages(tx, images, mostImages)
      return sources.map((source) => ({ ...source, actual: null, labels: null }))
    }
    const [field, count] =
      topLosses == null ? (['confusedPairs', confusedPairs ?? 0] as const) : (['topLosses', topLosses] as const)
    if (count < 1 || count > mostImages) {
      throw refuse(field, String(count), `must be a whole number from 1 to ${mostImages}`)
    }
    const evaluation = await this.#evaluation(tx, run.id, split ?? null)
    const samples =
      field === 'topLosses'
        ? evaluation.topLosses.slice(0, count)
        : evaluation.mostConfused.slice(0, count).flatMap(({ images: [worst] }) => worst ?? [])
    if (samples.length === 0) {
      throw new Conflict(
        'The run’s evaluation has no such image: nothing was confused, or it is from before such images were kept; evaluate it again',
      )
    }
    return samples.map(({ path, actual, predicted }) => ({
      ...{ name: path, uploadId: null, datasetId: run.datasetId, path, actual },
      // Why it was taken for that, and what spoke for the truth.
      labels: [...new Set([predicted, actual])],
    }))
  }

  /** @throws Conflict where there is none */
  async #evaluation(tx: Database, runId: number, split: SplitName | null): Promise<Evaluation> {
    const rows = await tx.select().from(evaluations).where(eq(evaluations.runId, runId))
    const of = (name: SplitName) => rows.find((row: EvaluationRow) => row.split === name)
    const wanted: SplitName[] = split ? [split] : ['test', 'valid', 'train']
    const found = wanted.flatMap((name) => fullEvaluation(of(name)) ?? [])[0]
    if (found) return found
    throw new Conflict(
      `Run ${runId} has no evaluation${split ? ` on ${split}` : ''} to take images from: evaluate it first`,
    )
  }

  #condition({ method, ...where }: ExplanationWhere): SQL | undefined {
    const by = method ? sql`${explanations.settings}->>'method' = ${method}` : undefined
    return and(imageCondition(this.#db, explanations, where), by)
  }
}
