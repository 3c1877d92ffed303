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
export {
  type ClassificationReport,
  type ClassReport,
  classificationReport,
  ReportAccumulator,
  type ReportOptions,
} from './report.ts'
export { type CrossEntropyOptions, crossEntropy, type LogLossOptions, logLoss } from './rows/loss.ts'
export { argmax, type Logits, logSumExp, softmax } from './rows/softmax.ts'
