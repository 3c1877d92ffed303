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

export type EvaluateInput = { run: string; splits?: Array<Split> | null | undefined }

export type Head = 'concat' | 'linear'

export type JobKind = 'evaluate'

export type JobStatus = 'FAILED' | 'QUEUED' | 'RUNNING' | 'STOPPED' | 'SUCCEEDED'

export type LogLevel = 'error' | 'info' | 'warn'

export type Monitor = 'accuracy' | 'f1Macro' | 'f1Weighted' | 'validLoss'

export type Optimizer = 'adamw' | 'nesterov' | 'sgd'

export type Phase = 'frozen' | 'unfrozen'

export type Precision = 'f32' | 'mixed'

export type ProgressStage = 'images' | 'pipelines' | 'training'

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

export type RunEventKind = 'CREATED' | 'DELETED' | 'UPDATED'

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

export type Sampling = 'balanced' | 'sequential' | 'shuffle'

export type Schedule = 'constant' | 'cosine' | 'exponential' | 'flat_cos' | 'one_cycle' | 'plateau' | 'step'

export type SizeStageInput = { epochs: number; size: number }

export type Split = 'test' | 'train' | 'valid'

export type StartRunInput = {
  config?: RunConfigInput | null | undefined
  dataset: string
  name?: string | null | undefined
  notes?: string | null | undefined
  tags?: Array<string> | null | undefined
}

export type DatasetsQuery = {
  datasets: { edges: Array<{ node: { id: string; name: string; images: number; classes: Array<{ name: string }> } }> }
}

export type DatasetsQueryVariables = Record<string, never>

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
      mostConfused: Array<{ actual: string; predicted: string; count: number }>
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
    jobs: Array<JobState>
  } | null
}

export type EvaluationsQueryVariables = { id: string }

export type JobState = {
  id: string
  kind: JobKind
  status: JobStatus
  run: { id: string } | null
  progress: { stage: string; done: number; total: number } | null
  error: { message: string } | null
}

export type JobsFeed = { jobs: { job: JobState | null } }

export type JobsFeedVariables = Record<string, never>

export type ResumeRunMutation = {
  resumeRun:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'ResumeRunSuccess' }
}

export type ResumeRunMutationVariables = { id: string }

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

export type RunsFeed = { runs: { kind: RunEventKind; id: string; run: RunSummary | null } }

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

export type StartRunMutation = {
  startRun:
    | { __typename: 'InvalidInput'; message: string; issues: Array<{ field: string; message: string }> }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StartRunSuccess'; run: { id: string } }
}

export type StartRunMutationVariables = { input: StartRunInput }

export type StopRunMutation = {
  stopRun:
    | { __typename: 'Conflict'; message: string }
    | { __typename: 'NotFound'; message: string }
    | { __typename: 'StopRunSuccess' }
}

export type StopRunMutationVariables = { id: string }
