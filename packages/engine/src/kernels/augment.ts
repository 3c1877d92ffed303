/**
 * Pixels of a source to network input, augmented on the way: for pixel p of image n
 *
 *   x[n, p] = (lighting(solarize(posterize(saturate(source[n, M·p])))) − mean) / std,   noise where it is erased
 *   x[n, p] = w·x[n, p] + (1 − w)·x[partner, p],   w = 0 in the partner's box, else the image's weight
 *
 * M is one projective map for all geometry (augment/transform.ts), taken bilinearly, with what lies outside the source reflected
 * at the centres of its outermost pixels (align_corners). Shrunk images are the mean of several samples a pixel. Where M is the identity and nothing is on, x
 * is exactly what `normalise` makes.
 *
 * Layout: source [n, source, source] of packed RGBA; draws [n, augmentWords] u32, see `packTransform`; x [images, size, size, 4].
 * Mapping: an invocation = `run` pixels of an image, 64 apart, so that what was drawn for the image is loaded once for them all.
 * Cost: 4 loads a sample, and on software adapters each of them is a loop over lanes.
 */
import type { Mix } from '../augment/mix.ts'
import type { Transform } from '../augment/transform.ts'
import {
  type ActivationType,
  activations,
  type Binding,
  ceilDiv,
  declare,
  type Kernel,
  lanes,
  read,
  write,
} from './kernel.ts'
import { randomWgsl } from './random.ts'

/** Words that an image's draws take, rounded to whole vec4s. */
export const augmentWords = 28

export interface Augment {
  /** Of the source, those that are made here: `images` from `first` on. */
  first: number
  images: number
  /** Sides, in pixels. */
  source: number
  size: number
  mean: readonly number[]
  std: readonly number[]
  /** Whether images are mixed with partners. */
  mixes: boolean
  type?: ActivationType
}

/** Least share of the distance from which the projection is taken: beyond, a warp would turn the image inside out. */
export const nearest = 0.05

/** Keeps logit finite; numbers that f32 holds. */
export const logitRange: { min: number; max: number } = { min: Math.fround(1e-7), max: Math.fround(1 - 1e-7) }

/** Keeps a brightness of k / 255, which f32 rounds, from falling below a step of posterize. */
export const posterizeBias = 1e-3

/** Sets the noise of erasing apart from other draws by the same hash. */
export const erasePurpose = 0x65726173

/** Pixels an invocation makes. */
const run = 8

/** Bindings: pixels, draws → x. */
export function augment(a: Augment): Kernel {
  const { array, bytes, store } = activations(a.type)
  const bindings: Binding[] = [read('pixels', 'array<u32>'), read('draws', 'array<vec4u>'), write('x', array)]
  const count = a.size ** 2
  const [r, g, b] = a.std.map((s) => 1 / s)
  return {
    name: 'augment',
    wgsl: /* wgsl */ `${declare(bindings)}
const SOURCE = ${a.source}u; const LAST = ${a.source - 1}f;
const SIZE = ${a.size}u; const COUNT = ${count}u;
const MEAN = vec4f(${a.mean.join(', ')}, 0);
const SCALE = vec4f(${r}, ${g}, ${b}, 0);
const LUMA = vec3f(0.299, 0.587, 0.114);
${randomWgsl}
/** What was drawn for an image: rows of its map and what is beside them. */
struct Look { image: u32, a: vec4f, b: vec4f, c: vec4f, colour: vec4f, erase: vec4u, key: vec4u }

fn look(image: u32) -> Look {
  let d = image * ${augmentWords / 4}u;
  return Look(image, bitcast<vec4f>(draws[d]), bitcast<vec4f>(draws[d + 1u]), bitcast<vec4f>(draws[d + 2u]),
    bitcast<vec4f>(draws[d + 3u]), draws[d + 4u], draws[d + 5u]);
}

fn within(at: vec2u, box: vec4u) -> bool {
  return all(at >= box.xy) && all(at < box.zw);
}

/** To where a point beyond the centres of the outermost pixels is reflected. */
fn reflected(at: vec2f) -> vec2f {
  let t = abs(at);
  let u = t - 2 * LAST * floor(t / (2 * LAST));
  return clamp(select(u, 2 * LAST - u, u > vec2f(LAST)), vec2f(), vec2f(LAST));
}

/** a and b by their weights 1 − t and t: of mix(), some devices make another sum, which at t = 1 is not exactly b. */
fn blend(a: vec4f, b: vec4f, t: f32) -> vec4f {
  return a * (1 - t) + b * t;
}

fn bilinear(image: u32, at: vec2f) -> vec4f {
  let corner = min(floor(at), vec2f(LAST - 1));
  let f = at - corner;
  let i = (image * SOURCE + u32(corner.y)) * SOURCE + u32(corner.x);
  let above = blend(unpack4x8unorm(pixels[i]), unpack4x8unorm(pixels[i + 1u]), f.x);
  let below = blend(unpack4x8unorm(pixels[i + SOURCE]), unpack4x8unorm(pixels[i + SOURCE + 1u]), f.x);
  return blend(above, below, f.y);
}

/** The image as the network sees it at one pixel. */
fn seen(l: Look, at: vec2u) -> vec4f {
  let samples = u32(l.a.w);
  let step = 1 / l.a.w;
  var sum = vec4f();
  for (var s = 0u; s < samples * samples; s++) {
    let p = vec3f(vec2f(at) + (vec2f(vec2u(s % samples, s / samples)) + 0.5) * step - 0.5, 1);
    let z = max(dot(l.c.xyz, p), ${nearest});
    sum += bilinear(l.image, reflected(vec2f(dot(l.a.xyz, p), dot(l.b.xyz, p)) / z));
  }
  var v = sum * (step * step);
  v = clamp(blend(vec4f(vec3f(dot(v.xyz, LUMA)), v.w), v, l.b.w), vec4f(), vec4f(1));
  v = select(v, floor(v * (255 / l.colour.x) + ${posterizeBias}) * (l.colour.x / 255), l.colour.x > 1);
  v = select(v, 1 - v, v >= vec4f(l.colour.y));
  let inside = clamp(v, vec4f(${logitRange.min}), vec4f(${logitRange.max}));
  let lit = 1 / (1 + exp(-(l.c.w * log(inside / (1 - inside)) + l.colour.z)));
  v = select(v, lit, l.c.w != 1 || l.colour.z != 0);
  return select((v - MEAN) * SCALE, noise(l.key, at), within(at, l.erase));
}

/** Three numbers of N(0, 1) that belong to an image's key and a pixel (Box & Muller). */
fn noise(key: vec4u, at: vec2u) -> vec4f {
  let u = uniform4(vec4u(at.y * SIZE + at.x, key.x, key.y, ${erasePurpose}u));
  let radius = sqrt(-2 * log(1 - u.xz));
  let angle = ${2 * Math.PI} * u.yw;
  return vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), 0);
}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = ${a.first}u + group.y;
  let own = look(image);
${a.mixes ? mixedPartner : ''}
  for (var k = 0u; k < ${run}u; k++) {
    let i = (group.x * ${run}u + k) * ${lanes}u + lane;
    if (i >= COUNT) { return; }
    let at = vec2u(i % SIZE, i / SIZE);
    var v = seen(own, at);
${a.mixes ? '    v = blend(seen(partner, at), v, select(own.colour.w, 0, within(at, box)));\n' : ''}    x[group.y * COUNT + i] = ${store('v')};
  }
}`,
    bindings,
    workgroups: [ceilDiv(count, lanes * run), a.images, 1],
    flops: (a.mixes ? 2 : 1) * 100 * a.images * count,
    bytes: a.images * (4 * a.source ** 2 + 4 * augmentWords + 4 * bytes * count),
  }
}

const mixedPartner = /* wgsl */ `
  let partner = look(own.key.z);
  let box = draws[image * ${augmentWords / 4}u + 6u];`

/** Writes what was drawn for image `n` of a batch where the kernel reads it. Without a mix the image stays as it is. */
export function packTransform(words: Uint32Array, n: number, t: Transform, mix: Mix | null): void {
  const at = n * augmentWords
  const floats = new Float32Array(words.buffer, words.byteOffset + 4 * at, augmentWords)
  const [a, b, c, d, e, f, g, h, i] = t.matrix
  floats.set([a, b, c, t.samples, d, e, f, t.saturation, g, h, i, t.contrast])
  floats.set([t.posterize, t.solarize, t.brightness, mix && !mix.box ? mix.share : 1], 12)
  const { left = 0, top = 0, right = 0, bottom = 0 } = t.erase ?? {}
  words.set([left, top, right, bottom, ...t.key, mix?.partner ?? n, 0], at + 16)
  const box = mix?.box
  words.set(box ? [box.left, box.top, box.right, box.bottom] : [0, 0, 0, 0], at + 24)
}
