import type { Conv2d } from '../kernels/conv2d/conv2d.ts'
import { candidates, passes } from '../kernels/conv2d/conv2d.variants.ts'
import type { Target } from '../kernels/kernel.ts'
import { isolate, type LowerIsolated, lowerIsolated } from './isolated-pass.ts'

/** One of each kind of convolution in a ResNet, large enough for every candidate. */
const samples: readonly Conv2d[] = [
  { n: 4, h: 16, w: 16, ci: 4, co: 128, kernel: 7, stride: 2, padding: 3 },
  { n: 4, h: 8, w: 8, ci: 128, co: 128, kernel: 3, stride: 1, padding: 1 },
  { n: 16, h: 8, w: 8, ci: 128, co: 128, kernel: 3, stride: 2, padding: 1 },
  { n: 16, h: 8, w: 8, ci: 128, co: 128, kernel: 1, stride: 2, padding: 0 },
  { n: 4, h: 8, w: 8, ci: 128, co: 128, kernel: 1, stride: 1, padding: 0 },
]

/**
 * A name for the kernels as they are: a hash of what every candidate of the samples dispatches on such an adapter. Any change of a
 * shader, of how it is split or of what is worth measuring changes it, so choices that are kept under it never outlive what was
 * measured.
 */
export async function kernelVersion(target: Target, lower: LowerIsolated = lowerIsolated): Promise<string> {
  // The samples are small: they are lowered as wholes wherever they can be bound.
  const lowering = { ...target, maxBindingBytes: Number.POSITIVE_INFINITY }
  const texts = samples.flatMap((c) =>
    passes.flatMap((pass) =>
      candidates(pass, c, target).flatMap((variant) =>
        lower(isolate(pass, c), variant, lowering).map(({ kernel }) => `${kernel.wgsl}\n${kernel.workgroups}`),
      ),
    ),
  )
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(texts.join('\n')))
  return Array.from(new Uint8Array(hash, 0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
