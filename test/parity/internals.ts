/**
 * The engine from the inside: its f64 references, its graphs and its parameter layout are no part of its public face, yet they
 * are what parity is about. Loaded by path, because TypeScript lets one project import another's source as a type only.
 */
import type * as TransformModule from '../../packages/engine/src/augment/transform.ts'
import type * as ProgramModule from '../../packages/engine/src/compile/program.ts'
import type * as StoreModule from '../../packages/engine/src/compile/store.ts'
import type * as DeviceModule from '../../packages/engine/src/gpu/device.ts'
import type * as NodeModule from '../../packages/engine/src/gpu/node.ts'
import type * as FeatureGradientsModule from '../../packages/engine/src/infer/feature-gradients.ts'
import type * as MaskedInferenceModule from '../../packages/engine/src/infer/masked-inference.ts'
import type * as RandomModule from '../../packages/engine/src/kernels/random.ts'
import type * as ParametersModule from '../../packages/engine/src/nn/parameters.ts'
import type * as ResNetModule from '../../packages/engine/src/nn/resnet.ts'
import type * as Reference from '../../packages/engine/src/reference/index.ts'
import type * as GraphsModule from '../../packages/engine/src/train/graphs.ts'
import type * as StepScalarsModule from '../../packages/engine/src/train/step-scalars.ts'

import type * as WeightsFileModule from '../../packages/engine/src/weights/file.ts'
import type * as SafetensorsModule from '../../packages/engine/src/weights/safetensors.ts'
import type * as StateDictModule from '../../packages/engine/src/weights/state-dict.ts'

export type { Reference }
export type Device = DeviceModule.Device
export type StateDict = SafetensorsModule.StateDict

const load = <M>(path: string): Promise<M> =>
  import(new URL(`../../packages/engine/src/${path}`, import.meta.url).pathname)

export const reference: typeof Reference = await load('reference/index.ts')
export const { transformOf }: typeof TransformModule = await load('augment/transform.ts')
export const { openNodeDevice }: typeof NodeModule = await load('gpu/node.ts')
export const { compile, createArena, Program }: typeof ProgramModule = await load('compile/program.ts')
export const { FeatureGradients }: typeof FeatureGradientsModule = await load('infer/feature-gradients.ts')
export const { MaskedInference }: typeof MaskedInferenceModule = await load('infer/masked-inference.ts')
export const { ParameterStore }: typeof StoreModule = await load('compile/store.ts')
export const { pcg4d }: typeof RandomModule = await load('kernels/random.ts')
export const { fromDevice, toDevice }: typeof ParametersModule = await load('nn/parameters.ts')
export const { ResNet }: typeof ResNetModule = await load('nn/resnet.ts')
export const { evaluationGraph, trainingGraph }: typeof GraphsModule = await load('train/graphs.ts')
export const { readWeightsFile }: typeof WeightsFileModule = await load('weights/file.ts')
export const { loadStateDict }: typeof StateDictModule = await load('weights/state-dict.ts')
export const { packStep }: typeof StepScalarsModule = await load('train/step-scalars.ts')
