import type { Live } from './live/live.ts'
import type { DatasetService } from './modules/datasets/datasets.service.ts'
import type { EvaluationService } from './modules/evaluations/evaluations.service.ts'
import type { ExplanationService } from './modules/explanations/explanations.service.ts'
import type { JobService } from './modules/jobs/jobs.service.ts'
import type { ModelService } from './modules/models/models.service.ts'
import type { PredictionService } from './modules/predictions/predictions.service.ts'
import type { RunService } from './modules/runs/runs.service.ts'
import type { StudyService } from './modules/studies/studies.service.ts'
import type { UploadService } from './modules/uploads/uploads.service.ts'
import type { WorkerService } from './modules/workers/workers.service.ts'

/** Everything the platform can do, for resolvers and for programs that hold a platform of their own. */
export interface Services {
  datasets: DatasetService
  runs: RunService
  studies: StudyService
  models: ModelService
  jobs: JobService
  evaluations: EvaluationService
  uploads: UploadService
  predictions: PredictionService
  explanations: ExplanationService
  workers: WorkerService
  live: Live
}
