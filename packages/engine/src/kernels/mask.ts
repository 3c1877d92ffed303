/**
 * One picture under many masks, as network input: for pixel p of sample s
 *
 *   x[s, p] = ((bit(masks[s], labels[p]) ? image[p] : hidden[p]) / 255 − mean) / std
 *
 * so that explaining a prediction sends a few bits a sample to the device, not a picture. A sample that shows everything is
 * what `normalise` makes of the image, to the bit.
 *
 * Layout: pixels [2, PIXELS] of packed RGBA, the image and then what hides it; labels [PIXELS] u32; masks u32: the words that a
 * sample takes, then the samples' bits, segment f in bit f % 32 of word ⌊f / 32⌋; x [images, PIXELS, 4].
 * The words are read from the buffer, so that one program serves any number of segments.
 * Mapping: an invocation = one pixel of `run` samples. Its two colours and its label are loaded once for them all; what is left for a sample is a
 * word and a store.
 */
import { type ActivationType, activations, ceilDiv, declare, type Kernel, lanes, read, write } from './kernel.ts'

/** Words before the first sample's. */
export const maskHeader = 1

export interface Mask {
  /** Of the batch, those that are made here: `images` from `first` on. */
  first: number
  images: number
  /** Of one image. */
  pixels: number
  mean: readonly number[]
  std: readonly number[]
  type?: ActivationType
}

/** Samples an invocation makes. */
const run = 8

/** Words that a sample's bits take, where every pixel may be a segment of its own. */
export const mostMaskWords = (pixels: number): number => ceilDiv(pixels, 32)

/** Bindings: pixels, labels, masks → x. */
export function mask({ first, images, pixels, mean, std, type }: Mask): Kernel {
  const { array, bytes, store } = activations(type)
  const words = ['pixels', 'labels', 'masks'].map((name) => read(name, 'array<u32>'))
  const bindings = [...words, write('x', array)]
  const [r, g, b] = std.map((s) => 1 / s)
  return {
    name: 'mask',
    wgsl: /* wgsl */ `${declare(bindings)}
const PIXELS = ${pixels}u; const FIRST = ${first}u; const IMAGES = ${images}u; const RUN = ${run}u;
const MEAN = vec4f(${mean.join(', ')}, 0);
const SCALE = vec4f(${r}, ${g}, ${b}, 0);

fn input(at: u32) -> vec4f {
  return (unpack4x8unorm(pixels[at]) - MEAN) * SCALE;
}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = group.x * ${lanes}u + lane;
  if (p >= PIXELS) { return; }
  let image = input(p);
  let hidden = input(PIXELS + p);
  let label = labels[p];
  let stride = masks[0];
  for (var s = group.y * RUN; s < min(group.y * RUN + RUN, IMAGES); s++) {
    let word = masks[${maskHeader}u + (FIRST + s) * stride + label / 32u];
    x[s * PIXELS + p] = ${store('select(hidden, image, ((word >> (label % 32u)) & 1u) == 1u)')};
  }
}`,
    bindings,
    workgroups: [ceilDiv(pixels, lanes), ceilDiv(images, run), 1],
    flops: 16 * pixels * ceilDiv(images, run),
    bytes: pixels * (12 * ceilDiv(images, run) + (4 + 4 * bytes) * images),
  }
}
