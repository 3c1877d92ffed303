/** Every GraphQL document of the console. Their types are generated from the printed schema: `npm run types -w packages/web`. */
import { gql, type TypedDocumentNode } from '@urql/core'
import type {
  CompleteUploadMutation,
  CompleteUploadMutationVariables,
  CreateUploadMutation,
  CreateUploadMutationVariables,
  DatasetsQuery,
  DatasetsQueryVariables,
  EnqueueTrialMutation,
  EnqueueTrialMutationVariables,
  EvaluateMutation,
  EvaluateMutationVariables,
  EvaluationsQuery,
  EvaluationsQueryVariables,
  ExplainMutation,
  ExplainMutationVariables,
  ExplanationsQuery,
  ExplanationsQueryVariables,
  ExtendStudyMutation,
  ExtendStudyMutationVariables,
  JobQuery,
  JobQueryVariables,
  JobsFeed,
  JobsFeedVariables,
  PredictionsQuery,
  PredictionsQueryVariables,
  PredictMutation,
  PredictMutationVariables,
  ResumeRunMutation,
  ResumeRunMutationVariables,
  ResumeStudyMutation,
  ResumeStudyMutationVariables,
  RunFeed,
  RunFeedVariables,
  RunQuery,
  RunQueryVariables,
  RunsFeed,
  RunsFeedVariables,
  RunsQuery,
  RunsQueryVariables,
  StartRunMutation,
  StartRunMutationVariables,
  StartStudyMutation,
  StartStudyMutationVariables,
  StopJobMutation,
  StopJobMutationVariables,
  StopRunMutation,
  StopRunMutationVariables,
  StopStudyMutation,
  StopStudyMutationVariables,
  StudiesFeed,
  StudiesFeedVariables,
  StudiesQuery,
  StudiesQueryVariables,
  StudyExportQuery,
  StudyExportQueryVariables,
  StudyFeed,
  StudyFeedVariables,
  StudyQuery,
  StudyQueryVariables,
  TrialsQuery,
  TrialsQueryVariables,
} from './documents.types.ts'

const runSummary = gql`
  fragment RunSummary on Run {
    id
    name
    status
    createdAt
    startedAt
    finishedAt
    dataset { id name }
    study { id name }
    config { arch size batch epochs freezeEpochs }
    progress { stage done total epoch imagesPerSecond secondsLeft }
    best { epoch validLoss accuracy f1Weighted f1Macro }
  }
`

const runState = gql`
  fragment RunState on Run {
    ...RunSummary
    attempt
    error { code message }
    setup {
      adapter { name vendor software }
      images { train valid test }
      skipped { path reason }
      parameters
      peakBytes
    }
    epochs { epoch phase step trainLoss validLoss accuracy f1Weighted f1Micro f1Macro seconds learningRate }
  }
  ${runSummary}
`

const runCurves = gql`
  fragment RunCurves on Run {
    loss: series(metric: loss, maxPoints: 1000) { points { step value } }
    smoothLoss: series(metric: smoothLoss, maxPoints: 1000) { points { step value } }
    learningRate: series(metric: learningRate, maxPoints: 1000) { points { step value } }
    validLoss: series(metric: validLoss, maxPoints: 1000) { points { step value } }
    accuracy: series(metric: accuracy, maxPoints: 1000) { points { step value } }
    f1Weighted: series(metric: f1Weighted, maxPoints: 1000) { points { step value } }
    f1Micro: series(metric: f1Micro, maxPoints: 1000) { points { step value } }
    f1Macro: series(metric: f1Macro, maxPoints: 1000) { points { step value } }
  }
`

export const runsQuery: TypedDocumentNode<RunsQuery, RunsQueryVariables> = gql`
  query RunsQuery($filter: RunFilter, $first: Int!, $after: String) {
    runs(filter: $filter, first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges { node { ...RunSummary } }
    }
  }
  ${runSummary}
`

export const runsFeed: TypedDocumentNode<RunsFeed, RunsFeedVariables> = gql`
  subscription RunsFeed {
    runs { id run { ...RunSummary } }
  }
  ${runSummary}
`

export const runQuery: TypedDocumentNode<RunQuery, RunQueryVariables> = gql`
  query RunQuery($id: ID!) {
    run(id: $id) {
      ...RunState
      ...RunCurves
      config {
        weights bodyNorm baseLr lrMult weightDecay decayNorms schedule pctStart warmup gamma stepEpochs plateauPatience
        optimizer momentum beta2 epsilon accumulate clipNorm emaDecay labelSmoothing classWeights head monitor patience seed valid
        folds fold shuffle sampling progressive { size epochs } augmentation { preset } mixup cutmix
      }
      log(last: 200) { edges { cursor node { at level message } } }
    }
  }
  ${runState}
  ${runCurves}
`

/** Each event carries the run as it is and, of curves, only the points that are new. */
export const runFeed: TypedDocumentNode<RunFeed, RunFeedVariables> = gql`
  subscription RunFeed($id: ID!, $sinceStep: Int!) {
    runUpdated(id: $id, sinceStep: $sinceStep) {
      ...RunState
      ...RunCurves
      log(last: 30) { edges { cursor node { at level message } } }
    }
  }
  ${runState}
  ${runCurves}
`

const jobState = gql`
  fragment JobState on Job {
    id
    kind
    status
    run { id }
    progress { stage done total }
    error { message }
    skipped { path reason }
  }
`

const sample = gql`
  fragment Sample on EvaluatedSample {
    path actual predicted loss confidence probability thumbnail
  }
`

const checkpoint = gql`
  fragment Checkpoint on Model {
    id kind uncalibrated calibration { images temperature before after }
  }
`

/** What the best weights of a run are worth on each split. Asked apart from the run: with its pictures it is much larger. */
export const evaluationsQuery: TypedDocumentNode<EvaluationsQuery, EvaluationsQueryVariables> = gql`
  query EvaluationsQuery($id: ID!) {
    run(id: $id) {
      evaluations {
        split epoch calibratedBy n loss accuracy f1Weighted f1Micro f1Macro confusion level logLoss brier rocAuc averagePrecision topK
        scores { name interval { value low high } }
        byClass { class precision recall f1 count }
        calibration { ece mce temperature bins { low high count confidence accuracy } }
        mostConfused { actual predicted count images { ...Sample } }
        topLosses { ...Sample }
        bottomLosses { ...Sample }
        slices { by key n loss accuracy { value low high } }
        nearDuplicates { distance first { path class split } second { path class split } }
        withoutNearDuplicates { n accuracy f1Weighted f1Macro }
      }
      dataset { id }
      jobs { ...JobState }
      checkpoints { ...Checkpoint }
    }
  }
  ${jobState}
  ${sample}
  ${checkpoint}
`

export const evaluateMutation: TypedDocumentNode<EvaluateMutation, EvaluateMutationVariables> = gql`
  mutation EvaluateMutation($input: EvaluateInput!) {
    evaluate(input: $input) {
      __typename
      ... on EvaluateSuccess { job { ...JobState } }
      ... on UserError { message }
    }
  }
  ${jobState}
`

/** Every change of any job: there are few at a time. */
export const jobsFeed: TypedDocumentNode<JobsFeed, JobsFeedVariables> = gql`
  subscription JobsFeed {
    jobs { job { ...JobState } }
  }
  ${jobState}
`

export const jobQuery: TypedDocumentNode<JobQuery, JobQueryVariables> = gql`
  query JobQuery($id: ID!) {
    job(id: $id) { ...JobState }
  }
  ${jobState}
`

const imageSource = gql`
  fragment Source on ImageSource {
    upload { id }
    dataset { id }
    path
  }
`

/** What the models of a run have said of images, the newest first, and which model would be asked next. */
export const predictionsQuery: TypedDocumentNode<PredictionsQuery, PredictionsQueryVariables> = gql`
  query PredictionsQuery($run: ID!) {
    run(id: $run) { id name status checkpoints { ...Checkpoint } }
    predictions(filter: { run: $run }, first: 48) {
      edges {
        node {
          id image label confidence distance outlier thumbnail createdAt
          top(k: 5) { class probability }
          source { ...Source }
          job { id }
        }
      }
    }
  }
  ${imageSource}
  ${checkpoint}
`

export const predictMutation: TypedDocumentNode<PredictMutation, PredictMutationVariables> = gql`
  mutation PredictMutation($input: PredictInput!) {
    predict(input: $input) {
      __typename
      ... on PredictSuccess { job { ...JobState } }
      ... on UserError { message }
    }
  }
  ${jobState}
`

export const createUploadMutation: TypedDocumentNode<CreateUploadMutation, CreateUploadMutationVariables> = gql`
  mutation CreateUploadMutation($input: CreateUploadInput!) {
    createUpload(input: $input) {
      __typename
      ... on CreateUploadSuccess { upload { id url } }
      ... on UserError { message }
    }
  }
`

export const completeUploadMutation: TypedDocumentNode<CompleteUploadMutation, CompleteUploadMutationVariables> = gql`
  mutation CompleteUploadMutation($id: ID!, $sha256: String!) {
    completeUpload(id: $id, sha256: $sha256) {
      __typename
      ... on UserError { message }
    }
  }
`

/** Explanations of a run's models, the newest first: those of one job, or the latest. */
export const explanationsQuery: TypedDocumentNode<ExplanationsQuery, ExplanationsQueryVariables> = gql`
  query ExplanationsQuery($run: ID!, $filter: ExplanationFilter!) {
    run(id: $run) { id name checkpoints { id kind } }
    explanations(filter: $filter, first: 32) {
      edges {
        node {
          id image actual method size picture samples seconds
          settings { segmenter stable }
          probabilities { class probability }
          segments { count runs }
          labels {
            label probability intercept r2 localPrediction map
            faithfulness { deletion insertion road }
            weights { segment weight low high }
          }
          source { ...Source }
          job { id }
        }
      }
    }
  }
  ${imageSource}
`

export const explainMutation: TypedDocumentNode<ExplainMutation, ExplainMutationVariables> = gql`
  mutation ExplainMutation($input: ExplainInput!) {
    explain(input: $input) {
      __typename
      ... on ExplainSuccess { job { id } }
      ... on UserError { message }
    }
  }
`

export const stopJobMutation: TypedDocumentNode<StopJobMutation, StopJobMutationVariables> = gql`
  mutation StopJobMutation($id: ID!) {
    stopJob(id: $id) {
      __typename
      ... on UserError { message }
    }
  }
`

export const datasetsQuery: TypedDocumentNode<DatasetsQuery, DatasetsQueryVariables> = gql`
  query DatasetsQuery {
    datasets(first: 100) {
      edges { node { id name images classes { name } } }
    }
  }
`

export const startRunMutation: TypedDocumentNode<StartRunMutation, StartRunMutationVariables> = gql`
  mutation StartRunMutation($input: StartRunInput!) {
    startRun(input: $input) {
      __typename
      ... on StartRunSuccess { run { id } }
      ... on InvalidInput { message issues { field message } }
      ... on NotFound { message }
    }
  }
`

export const stopRunMutation: TypedDocumentNode<StopRunMutation, StopRunMutationVariables> = gql`
  mutation StopRunMutation($id: ID!) {
    stopRun(id: $id) {
      __typename
      ... on UserError { message }
    }
  }
`

export const resumeRunMutation: TypedDocumentNode<ResumeRunMutation, ResumeRunMutationVariables> = gql`
  mutation ResumeRunMutation($id: ID!) {
    resumeRun(id: $id) {
      __typename
      ... on UserError { message }
    }
  }
`

const trialCore = gql`
  fragment TrialCore on Trial {
    id
    number
    state
    values
    epochs
    reason
    enqueued
    startedAt
    finishedAt
    parameters { name number text flag }
    reports { epoch value }
    runs { id status }
  }
`

const studySummary = gql`
  fragment StudySummary on Study {
    id
    name
    status
    outcome
    createdAt
    finishedAt
    dataset { id name }
    config { arch size epochs freezeEpochs }
    objectives { metric direction }
    budget { trials epochs hours }
    spent { trials epochs hours }
    counts { waiting running paused pruned complete failed }
    best { number values }
  }
`

const studyState = gql`
  fragment StudyState on Study {
    ...StudySummary
    notes
    parallel
    rungs
    folds
    restarts
    sizes
    finalSeeds
    rateSearch { settled rate low high }
    sampler { kind }
    pruner { kind }
    space { name kind low high log step choices { number text flag } when { parameter is { number text flag } } }
    baseline { number state values }
    bestInterval { low high n }
    finalScore { mean deviation split n seeds }
    edges { parameter side hits of low high }
    paretoFront { number }
    history { trial { number } value best }
    importances { name importance trials }
    importanceEpochs
  }
  ${studySummary}
`

export const studiesQuery: TypedDocumentNode<StudiesQuery, StudiesQueryVariables> = gql`
  query StudiesQuery($first: Int!, $after: String) {
    studies(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges { node { ...StudySummary } }
    }
  }
  ${studySummary}
`

export const studiesFeed: TypedDocumentNode<StudiesFeed, StudiesFeedVariables> = gql`
  subscription StudiesFeed {
    studies { id study { ...StudySummary } }
  }
  ${studySummary}
`

export const studyQuery: TypedDocumentNode<StudyQuery, StudyQueryVariables> = gql`
  query StudyQuery($id: ID!) {
    study(id: $id) { ...StudyState }
  }
  ${studyState}
`

export const studyFeed: TypedDocumentNode<StudyFeed, StudyFeedVariables> = gql`
  subscription StudyFeed($id: ID!) {
    studyUpdated(id: $id) { ...StudyState }
  }
  ${studyState}
`

export const trialsQuery: TypedDocumentNode<TrialsQuery, TrialsQueryVariables> = gql`
  query TrialsQuery($id: ID!, $first: Int!, $after: String) {
    study(id: $id) {
      trials(first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        edges { node { ...TrialCore } }
      }
    }
  }
  ${trialCore}
`

export const studyExportQuery: TypedDocumentNode<StudyExportQuery, StudyExportQueryVariables> = gql`
  query StudyExportQuery($id: ID!, $format: ExportFormat!) {
    study(id: $id) { export(format: $format) }
  }
`

export const startStudyMutation: TypedDocumentNode<StartStudyMutation, StartStudyMutationVariables> = gql`
  mutation StartStudyMutation($input: StartStudyInput!) {
    startStudy(input: $input) {
      __typename
      ... on StartStudySuccess { study { id } }
      ... on InvalidInput { message issues { field message } }
      ... on NotFound { message }
    }
  }
`

export const stopStudyMutation: TypedDocumentNode<StopStudyMutation, StopStudyMutationVariables> = gql`
  mutation StopStudyMutation($id: ID!) {
    stopStudy(id: $id) {
      __typename
      ... on UserError { message }
    }
  }
`

export const resumeStudyMutation: TypedDocumentNode<ResumeStudyMutation, ResumeStudyMutationVariables> = gql`
  mutation ResumeStudyMutation($id: ID!) {
    resumeStudy(id: $id) {
      __typename
      ... on UserError { message }
    }
  }
`

export const extendStudyMutation: TypedDocumentNode<ExtendStudyMutation, ExtendStudyMutationVariables> = gql`
  mutation ExtendStudyMutation($id: ID!, $budget: StudyBudgetInput!) {
    extendStudy(id: $id, budget: $budget) {
      __typename
      ... on UserError { message }
    }
  }
`

export const enqueueTrialMutation: TypedDocumentNode<EnqueueTrialMutation, EnqueueTrialMutationVariables> = gql`
  mutation EnqueueTrialMutation($study: ID!, $parameters: [TrialParameterInput!]!) {
    enqueueTrial(study: $study, parameters: $parameters) {
      __typename
      ... on UserError { message }
    }
  }
`
