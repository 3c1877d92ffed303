// Generated from packages/api/schema.graphql and documents.ts by `npm run types -w packages/web`; do not edit.

export type Arch = 'resnet18' | 'resnet34' | 'resnet50'

export type AugmentationInput = {
  cropAspect?: number | null | undefined
  cropMax?: number | null | undefined
  cropMin?: number | null | undefined
  cropP?: number | null | undefined
  dihedralP?: number | null | undefined
  eraseAspect?: number | null | undefined
  eraseMax?: number | null | undefined
  eraseMin?: number | null | undefined
  eraseP?: number | null | undefined
  flipP?: number | null | undefined
  lighting?: number | null | undefined
  lightingP?: number | null | undefined
  policyCount?: number | null | undefined
  policyMagnitude?: number | null | undefined
  preset?: AugmentationPreset | null | undefined
  rotate?: number | null | undefined
  rotateP?: number | null | undefined
  warp?: number | null | undefined
  warpP?: number | null | undefined
  zoomMax?: number | null | undefined
  zoomMin?: number | null | undefined
  zoomP?: number | null | undefined
}

export type AugmentationPreset = 'default' | 'none' | 'notebook'

export type BodyNorm = 'frozen' | 'statistics' | 'train'

export type ClassWeights = 'balanced' | 'none'

export type CreateUploadInput = { bytes: number; name: string; sha256?: string | null | undefined }

export type EdgeSide = 'high' | 'low'

export type EvaluateInput = { run: string; splits?: Array<Split> | null | undefined }

export type ExplainInput = {
  confusedPairs?: number | null | undefined
  faithfulness?: boolean | null | undefined
  images?: Array<ImageInput> | null | undefined
  labels?: Array<string> | null | undefined
  method?: ExplainMethod | null | undefined
  model: string
  samples?: number | null | undefined
  seed?: number | null | undefined
  segmenter?: SegmenterName | null | undefined
  split?: Split | null | undefined
  stable?: boolean | null | undefined
  topLabels?: number | null | undefined
  topLosses?: number | null | undefined
}

export type ExplainMethod = 'gradcam' | 'lime' | 'occlusion' | 'shap'

export type ExplanationFilter = {
  job?: string | null | undefined
  method?: ExplainMethod | null | undefined
  model?: string | null | undefined
  run?: string | null | undefined
  sha256?: string | null | undefined
}

export type ExportFormat = 'csv' | 'json' | 'optuna'

export type Head = 'concat' | 'linear'

export type ImageInput = {
  dataset?: string | null | undefined
  path?: string | null | undefined
  upload?: string | null | undefined
}

export type JobKind = 'evaluate' | 'explain' | 'findRate' | 'predict'

export type JobStatus = 'FAILED' | 'QUEUED' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED'

export type LogLevel = 'error' | 'info' | 'warn'

export type ModelKind = 'best' | 'last'

export type Monitor = 'accuracy' | 'f1Macro' | 'f1Weighted' | 'validLoss'

export type ObjectiveDirection = 'maximize' | 'minimize'

export type ObjectiveInput = { direction?: ObjectiveDirection | null | undefined; metric: ObjectiveMetric }

export type ObjectiveMetric = 'accuracy' | 'f1Macro' | 'f1Micro' | 'f1Weighted' | 'seconds' | 'validLoss'

export type Optimizer = 'adamw' | 'nesterov' | 'sgd'

export type ParameterConditionInput = { is: Array<ParameterValueInput>; parameter: string }

export type ParameterKind = 'categorical' | 'float' | 'int'

export type ParameterValueInput = {
  flag?: boolean | null | undefined
  number?: number | null | undefined
  text?: string | null | undefined
}

export type Phase = 'frozen' | 'unfrozen'

export type Precision = 'f32' | 'mixed'

export type PredictInput = {
  abstain?: number | null | undefined
  images: Array<ImageInput>
  model: string
  temperature?: number | null | undefined
  tta?: boolean | null | undefined
}

export type ProgressStage = 'images' | 'pipelines' | 'training'

export type PrunerInput = {
  bootstrapCount?: number | null | undefined
  intervalSteps?: number | null | undefined
  kind: PrunerKind
  lower?: number | null | undefined
  maxResource?: number | null | undefined
  minDelta?: number | null | undefined
  minEarlyStoppingRate?: number | null | undefined
  minResource?: number | null | undefined
  minTrials?: number | null | undefined
  patience?: number | null | undefined
  percentile?: number | null | undefined
  reductionFactor?: number | null | undefined
  startupTrials?: number | null | undefined
  upper?: number | null | undefined
  warmupSteps?: number | null | undefined
  wrapped?: PrunerInput | null | undefined
}

export type PrunerKind = 'hyperband' | 'median' | 'none' | 'patient' | 'percentile' | 'successiveHalving' | 'threshold'

export type RunConfigInput = {
  accumulate?: number | null | undefined
  arch?: Arch | null | undefined
  augmentation?: AugmentationInput | null | undefined
  baseLr?: number | null | undefined
  batch?: number | null | undefined
  beta2?: number | null | undefined
  bodyNorm?: BodyNorm | null | undefined
  checkpointEvery?: number | null | undefined
  classWeights?: ClassWeights | null | undefined
  clipNorm?: number | null | undefined
  cutmix?: number | null | undefined
  decayNorms?: boolean | null | undefined
  emaDecay?: number | null | undefined
  epochs?: number | null | undefined
  epsilon?: number | null | undefined
  fold?: number | null | undefined
  folds?: number | null | undefined
  freezeEpochs?: number | null | undefined
  gamma?: number | null | undefined
  head?: Head | null | undefined
  labelSmoothing?: number | null | undefined
  lrMult?: number | null | undefined
  mixup?: number | null | undefined
  momentum?: number | null | undefined
  monitor?: Monitor | null | undefined
  optimizer?: Optimizer | null | undefined
  patience?: number | null | undefined
  pctStart?: number | null | undefined
  plateauPatience?: number | null | undefined
  precision?: Precision | null | undefined
  progressive?: Array<SizeStageInput> | null | undefined
  sampling?: Sampling | null | undefined
  schedule?: Schedule | null | undefined
  seed?: number | null | undefined
  shuffle?: boolean | null | undefined
  size?: number | null | undefined
  stepEpochs?: number | null | undefined
  valid?: number | null | undefined
  warmup?: number | null | undefined
  weightDecay?: number | null | undefined
  weights?: string | null | undefined
}

export type RunFilter = {
  arch?: Array<Arch> | null | undefined
  dataset?: string | null | undefined
  name?: string | null | undefined
  ofStudies?: boolean | null | undefined
  status?: Array<RunStatus> | null | undefined
  study?: string | null | undefined
  tags?: Array<string> | null | undefined
}

export type RunStatus = 'CRASHED' | 'FAILED' | 'PAUSED' | 'QUEUED' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED'

export type SamplerInput = {
  candidates?: number | null | undefined
  kind: SamplerKind
  model?: TpeModel | null | undefined
  startupTrials?: number | null | undefined
}

export type SamplerKind = 'grid' | 'random' | 'sobol' | 'tpe'

export type Sampling = 'balanced' | 'sequential' | 'shuffle'

export type Schedule = 'constant' | 'cosine' | 'exponential' | 'flat_cos' | 'one_cycle' | 'plateau' | 'step'

export type SegmenterName = 'felzenszwalb' | 'grid' | 'quickshift' | 'slic'

export type SizeStageInput = { epochs: number; size: number }

export type SpaceParameterInput = {
  choices?: Array<ParameterValueInput> | null | undefined
  high?: number | null | undefined
  kind: ParameterKind
  log?: boolean | null | undefined
  low?: number | null | undefined
  name: string
  step?: number | null | undefined
  when?: ParameterConditionInput | null | undefined
}

export type Split = 'test' | 'train' | 'valid'

export type StartRunInput = {
  config?: RunConfigInput | null | undefined
  dataset: string
  name?: string | null | undefined
  notes?: string | null | undefined
  tags?: Array<string> | null | undefined
}

export type StartStudyInput = {
  baseline?: boolean | null | undefined
  budget?: StudyBudgetInput | null | undefined
  config?: RunConfigInput | null | undefined
  dataset: string
  enqueue?: Array<Array<TrialParameterInput>> | null | undefined
  finalSeeds?: number | null | undefined
  findRate?: boolean | null | undefined
  folds?: number | null | undefined
  name?: string | null | undefined
  notes?: string | null | undefined
  objectives?: Array<ObjectiveInput> | null | undefined
  parallel?: number | null | undefined
  pruner?: PrunerInput | null | undefined
  restarts?: boolean | null | undefined
  rungs?: Array<number> | null | undefined
  sampler?: SamplerInput | null | undefined
  seed?: number | null | undefined
  sizes?: Array<number> | null | undefined
  space: Array<SpaceParameterInput>
}

export type StudyBudgetInput = {
  epochs?: number | null | undefined
  hours?: number | null | undefined
  trials?: number | null | undefined
}

export type StudyStatus = 'FINISHED' | 'RUNNING' | 'STOPPED'

export type TpeModel = 'mixed' | 'multivariate' | 'univariate'

export type TrialParameterInput = {
  flag?: boolean | null | undefined
  name: string
  number?: number | null | undefined
  text?: string | null | undefined
}

export type TrialState = 'complete' | 'failed' | 'paused' | 'pruned' | 'running' | 'waiting'

export type Checkpoint = {
  id: string
  kind: ModelKind
  uncalibrated: string | null
  calibration: { images: number; temperature: number; before: number; after: number } | null
}

export type CompleteUploadMutation = {
  completeUpload:
    | { __typename: 'CompleteUploadSuccess' }
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
}

export type CompleteUploadMutationVariables = { id: string; sha256: string }

export type CreateUploadMutation = {
  createUpload:
    | { __typename: 'CreateUploadSuccess'; upload: { id: string; url: string } }
    | { __typename: 'InvalidInput'; message: string }
}

export type CreateUploadMutationVariables = { input: CreateUploadInput }

export type DatasetsQuery = {
  datasets: { edges: Array<{ node: { id: string; name: string; images: number; classes: Array<{ name: string }> } }> }
}

export type DatasetsQueryVariables = Record<string, never>

export type EnqueueTrialMutation = {
  enqueueTrial:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'EnqueueTrialSuccess' }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
}

export type EnqueueTrialMutationVariables = { study: string; parameters: Array<TrialParameterInput> }

export type EvaluateMutation = {
  evaluate:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'EvaluateSuccess'; job: JobState }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
}

export type EvaluateMutationVariables = { input: EvaluateInput }

export type EvaluationsQuery = {
  run: {
    evaluations: Array<{
      split: Split
      epoch: number | null
      calibratedBy: number | null
      n: number
      loss: number | null
      accuracy: number
      f1Weighted: number
      f1Micro: number
      f1Macro: number
      confusion: Array<Array<number>>
      level: number | null
      logLoss: number | null
      brier: number | null
      rocAuc: number | null
      averagePrecision: number | null
      topK: Array<number>
      scores: Array<{ name: string; interval: { value: number | null; low: number | null; high: number | null } }>
      byClass: Array<{ class: string; precision: number; recall: number; f1: number; count: number }>
      calibration: {
        ece: number | null
        mce: number | null
        temperature: number | null
        bins: Array<{ low: number; high: number; count: number; confidence: number | null; accuracy: number | null }>
      } | null
      mostConfused: Array<{ actual: string; predicted: string; count: number; images: Array<Sample> }>
      topLosses: Array<Sample>
      bottomLosses: Array<Sample>
      slices: Array<{
        by: string
        key: string
        n: number
        loss: number | null
        accuracy: { value: number | null; low: number | null; high: number | null }
      }>
      nearDuplicates: Array<{
        distance: number
        first: { path: string; class: string; split: Split }
        second: { path: string; class: string; split: Split }
      }>
      withoutNearDuplicates: { n: number; accuracy: number; f1Weighted: number; f1Macro: number } | null
    }>
    dataset: { id: string }
    jobs: Array<JobState>
    checkpoints: Array<Checkpoint>
  } | null
}

export type EvaluationsQueryVariables = { id: string }

export type ExplainMutation = {
  explain:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'ExplainSuccess'; job: { id: string } }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
}

export type ExplainMutationVariables = { input: ExplainInput }

export type ExplanationsQuery = {
  run: { id: string; name: string; checkpoints: Array<{ id: string; kind: ModelKind }> } | null
  explanations: {
    edges: Array<{
      node: {
        id: string
        image: string
        actual: string | null
        method: ExplainMethod
        size: number
        picture: string
        samples: number
        seconds: number
        settings: { segmenter: SegmenterName; stable: boolean }
        probabilities: Array<{ class: string; probability: number }>
        segments: { count: number; runs: Array<number> } | null
        labels: Array<{
          label: string
          probability: number
          intercept: number | null
          r2: number | null
          localPrediction: number | null
          map: string | null
          faithfulness: { deletion: number; insertion: number; road: number } | null
          weights: Array<{ segment: number; weight: number; low: number | null; high: number | null }> | null
        }>
        source: Source
        job: { id: string }
      }
    }>
  }
}

export type ExplanationsQueryVariables = { run: string; filter: ExplanationFilter }

export type ExtendStudyMutation = {
  extendStudy:
    | { __typename: 'ExtendStudySuccess' }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
}

export type ExtendStudyMutationVariables = { id: string; budget: StudyBudgetInput }

export type JobQuery = { job: JobState | null }

export type JobQueryVariables = { id: string }

export type JobState = {
  id: string
  kind: JobKind
  status: JobStatus
  run: { id: string } | null
  progress: { stage: string; done: number; total: number } | null
  error: { message: string } | null
  skipped: Array<{ path: string; reason: string }>
}

export type JobsFeed = { jobs: { job: JobState | null } }

export type JobsFeedVariables = Record<string, never>

export type PredictMutation = {
  predict:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'InvalidInput'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'PredictSuccess'; job: JobState }
}

export type PredictMutationVariables = { input: PredictInput }

export type PredictionsQuery = {
  run: { id: string; name: string; status: RunStatus; checkpoints: Array<Checkpoint> } | null
  predictions: {
    edges: Array<{
      node: {
        id: string
        image: string
        label: string | null
        confidence: number
        distance: number | null
        outlier: boolean | null
        thumbnail: string
        createdAt: string
        top: Array<{ class: string; probability: number }>
        source: Source
        job: { id: string }
      }
    }>
  }
}

export type PredictionsQueryVariables = { run: string }

export type ResumeRunMutation = {
  resumeRun:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'ResumeRunSuccess' }
}

export type ResumeRunMutationVariables = { id: string }

export type ResumeStudyMutation = {
  resumeStudy:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'ResumeStudySuccess' }
}

export type ResumeStudyMutationVariables = { id: string }

export type RunCurves = {
  loss: { points: Array<{ step: number; value: number | null }> }
  smoothLoss: { points: Array<{ step: number; value: number | null }> }
  learningRate: { points: Array<{ step: number; value: number | null }> }
  validLoss: { points: Array<{ step: number; value: number | null }> }
  accuracy: { points: Array<{ step: number; value: number | null }> }
  f1Weighted: { points: Array<{ step: number; value: number | null }> }
  f1Micro: { points: Array<{ step: number; value: number | null }> }
  f1Macro: { points: Array<{ step: number; value: number | null }> }
}

export type RunFeed = {
  runUpdated: {
    log: { edges: Array<{ cursor: string; node: { at: string; level: LogLevel; message: string } }> }
  } & RunState &
    RunCurves
}

export type RunFeedVariables = { id: string; sinceStep: number }

export type RunQuery = {
  run:
    | ({
        config: {
          weights: string | null
          bodyNorm: BodyNorm
          baseLr: number
          lrMult: number
          weightDecay: number
          decayNorms: boolean
          schedule: Schedule
          pctStart: number
          warmup: number
          gamma: number
          stepEpochs: number
          plateauPatience: number
          optimizer: Optimizer
          momentum: number
          beta2: number
          epsilon: number
          accumulate: number
          clipNorm: number | null
          emaDecay: number | null
          labelSmoothing: number
          classWeights: ClassWeights
          head: Head
          monitor: Monitor
          patience: number | null
          seed: number
          valid: number
          folds: number | null
          fold: number
          shuffle: boolean
          sampling: Sampling
          progressive: Array<{ size: number; epochs: number }>
          augmentation: { preset: AugmentationPreset | null }
          mixup: number
          cutmix: number
        }
        log: { edges: Array<{ cursor: string; node: { at: string; level: LogLevel; message: string } }> }
      } & RunState &
        RunCurves)
    | null
}

export type RunQueryVariables = { id: string }

export type RunState = {
  attempt: number
  error: { code: string; message: string } | null
  setup: {
    adapter: { name: string; vendor: string; software: boolean }
    images: { train: number; valid: number; test: number }
    skipped: Array<{ path: string; reason: string }>
    parameters: number
    peakBytes: number
  } | null
  epochs: Array<{
    epoch: number
    phase: Phase
    step: number
    trainLoss: number | null
    validLoss: number | null
    accuracy: number | null
    f1Weighted: number | null
    f1Micro: number | null
    f1Macro: number | null
    seconds: number
    learningRate: number | null
  }>
} & RunSummary

export type RunSummary = {
  id: string
  name: string
  status: RunStatus
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  dataset: { id: string; name: string }
  study: { id: string; name: string } | null
  config: { arch: Arch; size: number; batch: number; epochs: number; freezeEpochs: number }
  progress: {
    stage: ProgressStage
    done: number
    total: number
    epoch: number | null
    imagesPerSecond: number | null
    secondsLeft: number | null
  } | null
  best: {
    epoch: number
    validLoss: number | null
    accuracy: number | null
    f1Weighted: number | null
    f1Macro: number | null
  } | null
}

export type RunsFeed = { runs: { id: string; run: RunSummary | null } }

export type RunsFeedVariables = Record<string, never>

export type RunsQuery = {
  runs: {
    totalCount: number
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
    edges: Array<{ node: RunSummary }>
  }
}

export type RunsQueryVariables = {
  filter?: RunFilter | null | undefined
  first: number
  after?: string | null | undefined
}

export type Sample = {
  path: string
  actual: string
  predicted: string
  loss: number | null
  confidence: number | null
  probability: number | null
  thumbnail: string | null
}

export type Source = { upload: { id: string } | null; dataset: { id: string } | null; path: string | null }

export type StartRunMutation = {
  startRun:
    | { __typename: 'InvalidInput'; message: string; issues: Array<{ field: string; message: string }> }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StartRunSuccess'; run: { id: string } }
}

export type StartRunMutationVariables = { input: StartRunInput }

export type StartStudyMutation = {
  startStudy:
    | { __typename: 'InvalidInput'; message: string; issues: Array<{ field: string; message: string }> }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StartStudySuccess'; study: { id: string } }
}

export type StartStudyMutationVariables = { input: StartStudyInput }

export type StopJobMutation = {
  stopJob:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StopJobSuccess' }
}

export type StopJobMutationVariables = { id: string }

export type StopRunMutation = {
  stopRun:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StopRunSuccess' }
}

export type StopRunMutationVariables = { id: string }

export type StopStudyMutation = {
  stopStudy:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StopStudySuccess' }
}

export type StopStudyMutationVariables = { id: string }

export type StudiesFeed = { studies: { id: string; study: StudySummary | null } }

export type StudiesFeedVariables = Record<string, never>

export type StudiesQuery = {
  studies: {
    totalCount: number
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
    edges: Array<{ node: StudySummary }>
  }
}

export type StudiesQueryVariables = { first: number; after?: string | null | undefined }

export type StudyExportQuery = { study: { export: string } | null }

export type StudyExportQueryVariables = { id: string; format: ExportFormat }

export type StudyFeed = { studyUpdated: StudyState }

export type StudyFeedVariables = { id: string }

export type StudyQuery = { study: StudyState | null }

export type StudyQueryVariables = { id: string }

export type StudyState = {
  notes: string | null
  parallel: number | null
  rungs: Array<number>
  folds: number
  restarts: boolean
  sizes: Array<number>
  finalSeeds: number
  rateSearch: { settled: boolean; rate: number | null; low: number | null; high: number | null } | null
  sampler: { kind: SamplerKind }
  pruner: { kind: PrunerKind }
  space: Array<{
    name: string
    kind: ParameterKind
    low: number | null
    high: number | null
    log: boolean | null
    step: number | null
    choices: Array<{ number: number | null; text: string | null; flag: boolean | null }> | null
    when: { parameter: string; is: Array<{ number: number | null; text: string | null; flag: boolean | null }> } | null
  }>
  baseline: { number: number; state: TrialState; values: Array<number> | null } | null
  bestInterval: { low: number; high: number; n: number } | null
  finalScore: { mean: number; deviation: number | null; split: Split; n: number; seeds: number } | null
  edges: Array<{ parameter: string; side: EdgeSide; hits: number; of: number; low: number | null; high: number | null }>
  paretoFront: Array<{ number: number }>
  history: Array<{ trial: { number: number }; value: number; best: number }>
  importances: Array<{ name: string; importance: number; trials: number }>
  importanceEpochs: number
} & StudySummary

export type StudySummary = {
  id: string
  name: string
  status: StudyStatus
  outcome: string | null
  createdAt: string
  finishedAt: string | null
  dataset: { id: string; name: string }
  config: { arch: Arch; size: number; epochs: number; freezeEpochs: number }
  objectives: Array<{ metric: ObjectiveMetric; direction: ObjectiveDirection }>
  budget: { trials: number | null; epochs: number | null; hours: number | null }
  spent: { trials: number; epochs: number; hours: number }
  counts: { waiting: number; running: number; paused: number; pruned: number; complete: number; failed: number }
  best: { number: number; values: Array<number> | null } | null
}

export type TrialCore = {
  id: string
  number: number
  state: TrialState
  values: Array<number> | null
  epochs: number
  reason: string | null
  enqueued: boolean
  startedAt: string | null
  finishedAt: string | null
  parameters: Array<{ name: string; number: number | null; text: string | null; flag: boolean | null }>
  reports: Array<{ epoch: number; value: number | null }>
  runs: Array<{ id: string; status: RunStatus }>
}

export type TrialsQuery = {
  study: {
    trials: {
      totalCount: number
      pageInfo: { hasNextPage: boolean; endCursor: string | null }
      edges: Array<{ node: TrialCore }>
    }
  } | null
}

export type TrialsQueryVariables = { id: string; first: number; after?: string | null | undefined }
