export {
  accuracy,
  type ClassCounts,
  type ConfusionMatrix,
  classCounts,
  confusionMatrix,
} from './confusion.ts'
export { MetricsInputError } from './errors.ts'
export { type CrossEntropyOptions, crossEntropy, type LogLossOptions, logLoss } from './loss.ts'
export {
  type ClassificationReport,
  type ClassReport,
  classificationReport,
  ReportAccumulator,
  type ReportOptions,
} from './report.ts'
export {
  type Average,
  averageScores,
  classScores,
  type ScoreOptions,
  type Scores,
} from './scores.ts'
export { argmax, type Logits, logSumExp, softmax } from './softmax.ts'
