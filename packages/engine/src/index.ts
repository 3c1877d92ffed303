/** The engine's core: needs a WebGPU device and nothing of Node, so it also runs on a page. */
export {
  type Augmentation,
  type AugmentationInput,
  type AugmentationPreset,
  augmentationPresets,
  augmentationRanges,
  resolveAugmentation,
  sourceSize,
} from './augment/augmentation.ts'
export { type Augmenting, unchanged } from './augment/batch.ts'
export type { Draw } from './augment/draw.ts'
export type { Mix } from './augment/mix.ts'
export { type PreviewedImage, type PreviewOptions, previewAugmentation } from './augment/preview.ts'
export { type AutotuneOptions, autotune, type TunedPass } from './autotune/autotune.ts'
export type { Trial } from './autotune/measure.ts'
export { type Compiled, compile, createArena, Program } from './compile/program.ts'
export { ParameterStore } from './compile/store.ts'
export type { ImageSource } from './data/image-source.ts'
export { type Batch, type BatchOptions, batchCount, batches, IGNORED_LABEL } from './data/loader.ts'
export type { ComparedImage, NearDuplicate, NearDuplicates } from './data/near-duplicates.ts'
export { type Pixels, type Preparation, prepareImage } from './data/resample.ts'
export { type Sampling, type SamplingName, samplingNames } from './data/sampling.ts'
export { EngineError, type EngineErrorCode } from './errors.ts'
export {
  type EvaluatedSplit,
  type EvaluateEvent,
  type EvaluateProgressEvent,
  type EvaluateResult,
  type EvaluateSpec,
  evaluatedSplits,
  type SplitEvaluation,
} from './evaluate/spec.ts'
export { type Explained, Explainer, type ExplainerOptions, type Watch } from './explain/explainer.ts'
export {
  type ExplainEvent,
  type ExplainedLabel,
  type ExplainInput,
  type ExplainMethod,
  type ExplainResult,
  type ExplainSettings,
  type ExplainSpec,
  explainDefaults,
  explainMethods,
  type Faithfulness,
  type ImageExplanation,
} from './explain/spec.ts'
export { encodeOnnx, type OnnxOptions } from './export/onnx.ts'
export { type AdapterInfo, type Device, openDevice } from './gpu/device.ts'
export { Classifier, type ClassifierOptions, type ClassifyOptions } from './infer/classifier.ts'
export { type FeatureGradient, FeatureGradients } from './infer/feature-gradients.ts'
export type { EvaluateOptions, Predictions } from './infer/inference.ts'
export { MaskedInference, type MaskedInferenceOptions } from './infer/masked-inference.ts'
export type {
  CalibrateEvent,
  CalibrateResult,
  CalibrateSpec,
  ImageInput,
  ImagePrediction,
  PredictEvent,
  PredictedModel,
  PredictResult,
  PredictSpec,
  PredictTta,
  UnreadableImage,
} from './infer/predict-spec.ts'
export type { ClassProbability, Prediction, PredictionOptions } from './infer/prediction.ts'
export type { TtaOptions, TtaPasses, TtaResult } from './infer/tta.ts'
export { type Frozen, frozenBody, type NormPolicy, normPolicies, type Stage, stages } from './nn/freezing.ts'
export {
  type Arch,
  archs,
  type FeatureLayer,
  featureLayers,
  type Head,
  heads,
  imagenetPreprocessing,
  type Preprocessing,
  ResNet,
  type ResNetOptions,
} from './nn/resnet.ts'
export { type Callback, type EarlyStoppingOptions, earlyStopping } from './train/callbacks.ts'
export { balancedWeights } from './train/class-weights.ts'
export {
  Learner,
  type LearnerProgress,
  type RateFinding,
  type RateSweep,
  type Snapshot,
} from './train/learner.ts'
export type { LearnerOptions } from './train/learner-options.ts'
export { bestOf, epochsWithoutGain, improves, type Monitor, type MonitorName, monitorNames } from './train/monitor.ts'
export { type FineTuneOptions, type FitOptions, fineTunePhases, type StepReport } from './train/phases.ts'
export { slice } from './train/rates.ts'
export {
  momentumAt,
  type Position,
  rateFactor,
  type Schedule,
  type ScheduleName,
  scheduleNames,
} from './train/schedules.ts'
export type {
  CheckpointEvent,
  ClassWeights,
  EpochEvent,
  EpochRecord,
  EvaluationEvent,
  LogEvent,
  OptimizerName,
  Phase,
  Precision,
  PrepareEvent,
  RetoldEvent,
  SizeStage,
  SkippedFile,
  StartEvent,
  StepEvent,
  TrainEvent,
  TrainResult,
  TrainSpec,
} from './train/spec.ts'
export { type RateCurve, type RateRange, type RateSuggestions, rateRange, suggestRates } from './train/suggest-rate.ts'
export type { Calibration, CalibrationFigures } from './weights/calibration.ts'
export { fileOf, type ModelHints, modelOf, type SavedModel } from './weights/model.ts'
export {
  type DiskTensor,
  decodeSafetensors,
  encodeSafetensors,
  type StateDict,
  type WeightsFile,
} from './weights/safetensors.ts'
export type { LoadReport } from './weights/state-dict.ts'
