/** The engine's kernels and f64 references, loaded by path as in test/parity/internals.ts. */
import type * as NodeModule from '../../packages/engine/src/gpu/node.ts'
import type * as FilterGradientModule from '../../packages/engine/src/kernels/conv2d/conv2d.filter-gradient.ts'
import type * as ForwardModule from '../../packages/engine/src/kernels/conv2d/conv2d.forward.ts'
import type * as InputGradientModule from '../../packages/engine/src/kernels/conv2d/conv2d.input-gradient.ts'
import type * as TestingModule from '../../packages/engine/src/kernels/testing.ts'
import type * as ReferenceModule from '../../packages/engine/src/reference/conv2d.ts'

const load = <M>(path: string): Promise<M> =>
  import(new URL(`../../packages/engine/src/${path}`, import.meta.url).pathname)

export const { openNodeDevice }: typeof NodeModule = await load('gpu/node.ts')
export const { conv2dForward }: typeof ForwardModule = await load('kernels/conv2d/conv2d.forward.ts')
export const { conv2dInputGradient }: typeof InputGradientModule = await load('kernels/conv2d/conv2d.input-gradient.ts')
export const { conv2dFilterGradient }: typeof FilterGradientModule = await load(
  'kernels/conv2d/conv2d.filter-gradient.ts',
)
export const { epsilon, firstMismatch, output, paddedNoise, runKernel }: typeof TestingModule =
  await load('kernels/testing.ts')
export const reference: typeof ReferenceModule = await load('reference/conv2d.ts')
