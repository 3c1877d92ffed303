import { inArray } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { Conflict, InvalidInput } from '../../errors.ts'
import { type SplitEvaluation, type SplitName, splits } from '../../jobs/contracts.ts'
import type { JobService } from '../jobs/jobs.service.ts'
import type { JobRow } from '../jobs/jobs.table.ts'
import type { RunService } from '../runs/runs.service.ts'
import { type EvaluationRow, evaluations } from './evaluations.table.ts'

export class EvaluationService {
  readonly #db: Database
  readonly #jobs: JobService
  readonly #runs: RunService

  constructor(db: Database, jobs: JobService, runs: RunService) {
    this.#db = db
    this.#jobs = jobs
    this.#runs = runs
  }

  ofRuns(runIds: number[]): Promise<EvaluationRow[]> {
    return this.#db
      .select()
      .from(evaluations)
      .where(inArray(evaluations.runId, runIds))
      .orderBy(evaluations.runId, evaluations.split)
  }

  /**
   * Has a run's best weights evaluated on its own dataset.
   * @throws NotFound, InvalidInput for no split, Conflict where the run has no checkpoint.
   */
  async ask(runId: number, on: readonly SplitName[] = splits): Promise<JobRow> {
    if (on.length === 0) throw new InvalidInput([{ field: 'input.splits', value: '[]', message: 'must name a split' }])
    const run = await this.#runs.get(runId)
    if (run.bestEpoch === null)
      throw new Conflict(`Run ${runId} has no checkpoint yet: it can be evaluated after an epoch`)
    return this.#db.transaction((tx) => this.askWithin(tx, runId, on))
  }

  /** The same in a transaction of the caller's, who knows that there is a checkpoint. */
  askWithin(tx: Database, runId: number, on: readonly SplitName[] = splits): Promise<JobRow> {
    return this.#jobs.ask(tx, 'evaluate', { runId, splits: [...new Set(on)] }, runId)
  }
}

/** What only an evaluation says; what the run itself said at its end has none of it. */
export const fullEvaluation = (row: EvaluationRow | undefined): SplitEvaluation | null =>
  row && 'scores' in row.report ? row.report : null
