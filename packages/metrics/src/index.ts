export {
  type BalancedAccuracyOptions,
  balancedAccuracy,
  cohenKappa,
  type KappaWeights,
  matthews,
} from './counts/agreement.ts'
export {
  accuracy,
  type ClassCounts,
  ConfusionAccumulator,
  type ConfusionMatrix,
  classCounts,
  confusionMatrix,
} from './counts/confusion.ts'
export { type Confused, mostConfused } from './counts/most-confused.ts'
export {
  type Average,
  averageScore,
  averageScores,
  classScores,
  fBeta,
  type ScoreOptions,
  type Scores,
} from './counts/scores.ts'
export { MetricsInputError } from './errors.ts'
export type { ConfusedPair, EvaluatedSample, Evaluation, ScoreName, SliceReport } from './evaluation.ts'
export {
  type Cut,
  EvaluationAccumulator,
  type EvaluationOptions,
  type SampleNote,
} from './evaluation-accumulator.ts'
export {
  type CurveSummary,
  type Direction,
  type FitSummary,
  smooth,
  summariseCurve,
  summariseFit,
} from './learning-curve.ts'
export { averagePrecision, rocAuc, rocAucError } from './ranking/areas.ts'
export {
  bestThreshold,
  type CoverageCurve,
  coverageCurve,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RocCurve,
  rocCurve,
  type ThresholdCurve,
  thresholdCurve,
} from './ranking/curves.ts'
export { averageOneVsRest, oneVsRest } from './ranking/one-vs-rest.ts'
export { type Ranked, rank } from './ranking/ranked.ts'
export { ScoreHistogram } from './ranking/score-histogram.ts'
export {
  type ClassificationReport,
  type ClassReport,
  classificationReport,
  ReportAccumulator,
  type ReportOptions,
} from './report.ts'
export { type BootstrapOptions, bootstrap } from './resampling/bootstrap.ts'
export {
  bootstrapConfusion,
  bootstrapCounts,
  bootstrapDifference,
  type ConfusionStatistics,
  type CountStatistics,
  type PairedDifference,
  type PairedPredictions,
  type StratifiedOptions,
} from './resampling/bootstrap-confusion.ts'
export type { Interval } from './resampling/interval.ts'
export { type Disagreement, disagreement, type McNemar, mcnemar } from './resampling/mcnemar.ts'
export { proportionInterval } from './resampling/proportion.ts'
export { meanInterval, type Spread, scoreInterval } from './resampling/score-interval.ts'
export {
  type Calibration,
  type CalibrationOptions,
  calibration,
  type ReliabilityBin,
} from './rows/calibration.ts'
export { brierScore, type CrossEntropyOptions, crossEntropy, logLoss } from './rows/loss.ts'
export { OutcomeAccumulator, type OutcomeSummary } from './rows/outcome-accumulator.ts'
export { type Outcomes, outcomes, type RowOptions } from './rows/outcomes.ts'
export { argmax, type Logits, logSumExp, softmax } from './rows/softmax.ts'
export { fitTemperature, type TemperatureFit } from './rows/temperature.ts'
export { topKAccuracy, topKCurve } from './rows/top-k.ts'
export { type KeptLoss, LossKeeper } from './samples/loss-keeper.ts'
export { type QuantileGroups, quantileGroups } from './samples/quantile-groups.ts'
export { type Slice, slices, take } from './samples/slices.ts'
