/** Measurements on an open device that has nothing else to do: what `sporeprint bench` prints. */
export type { Spread } from '../compile/timing.ts'
export { benchExplain, type ExplainBench, type ExplainBenchOptions } from './explain.ts'
export {
  type BenchEvent,
  benchInference,
  type InferenceBench,
  type InferenceBenchOptions,
  type InferenceBenchSpec,
  type InferenceTime,
} from './infer.ts'
export type { KernelTime } from './kernel-times.ts'
export { benchKernels, type ConvolutionTime, type KernelBench, type KernelBenchOptions } from './kernels.ts'
export type { BenchProgress } from './measure.ts'
export { type ChromeTrace, chromeTrace } from './trace.ts'
export { benchTraining, type TrainingBench, type TrainingBenchOptions } from './train.ts'
export { type TuneBench, type TuneOptions, tuneTraining } from './tune.ts'
