/** Kernels that give each vec4 one invocation. Elements come in multiples of 4. */
import {
  type ActivationType,
  activations,
  type Binding,
  cover,
  declare,
  elementMain,
  holdsHalves,
  type Kernel,
  read,
  write,
} from './kernel.ts'
import { randomWgsl } from './random.ts'

function elementwise(
  name: string,
  elements: number,
  bindings: Binding[],
  flops: number,
  body: string,
  head = '',
): Kernel {
  const count = elements / 4
  return {
    name,
    wgsl: `${declare(bindings)}\n${head}${elementMain(count)}\n  ${body}\n}`,
    bindings,
    workgroups: cover(count),
    flops: flops * elements,
    bytes: elements * bindings.reduce((sum, binding) => sum + (holdsHalves(binding) ? 2 : 4), 0),
  }
}

/** y = max(x, 0). */
export const relu = (elements: number): Kernel =>
  elementwise('relu', elements, [read('x'), write('y')], 1, 'y[i] = max(x[i], vec4f());')

/** dx = dy where y > 0, else 0; all of one type. dy may come in two `terms` that are to be added, dy0 and dy1. */
export function reluGradient(elements: number, type?: ActivationType, terms = 1): Kernel {
  const { array, load, store } = activations(type)
  const gradients = Array.from({ length: terms }, (_, term) => (terms === 1 ? 'dy' : `dy${term}`))
  const sum = gradients.map((dy) => load(`${dy}[i]`)).join(' + ')
  return elementwise(
    terms === 1 ? 'relu.gradient' : 'relu.gradient.sum',
    elements,
    [read('y', array), ...gradients.map((dy) => read(dy, array)), write('dx', array)],
    terms,
    `dx[i] = ${store(`select(vec4f(), ${sum}, ${load('y[i]')} > vec4f())`)};`,
  )
}

/** sum = a + b; all of one type. */
export function add(elements: number, type?: ActivationType): Kernel {
  const { array, load, store } = activations(type)
  return elementwise(
    'add',
    elements,
    [read('a', array), read('b', array), write('sum', array)],
    1,
    `sum[i] = ${store(`${load('a[i]')} + ${load('b[i]')}`)};`,
  )
}

/** y = x + bias over the rows of x [rows, channels]. */
export const addBias = (rows: number, channels: number): Kernel =>
  elementwise(
    'bias',
    rows * channels,
    [read('x'), read('bias'), write('y')],
    1,
    `y[i] = x[i] + bias[i % ${channels / 4}u];`,
  )

/** Sum over the rows of dy [rows, channels] → db [channels]: rows are a batch, so one short loop does. */
export const biasGradient = (rows: number, channels: number): Kernel => {
  const columns = channels / 4
  return {
    ...elementwise(
      'bias.gradient',
      channels,
      [read('dy'), write('db')],
      rows,
      `var sum = vec4f();
  for (var row = 0u; row < ${rows}u; row++) { sum += dy[row * ${columns}u + i]; }
  db[i] = sum;`,
    ),
    bytes: 4 * rows * channels,
  }
}

/**
 * Dropout with its mask recomputed, never stored: y = x/(1 − p) where a number drawn for (seed, step, layer, element) is ≥ p,
 * else 0. The same kernel with dy for x is its gradient. `step` holds [seed, step, …] (see train/step-scalars.ts). x may be
 * part of a tensor, from element `first` of it on.
 */
export const dropout = (elements: number, p: number, layer: number, first = 0): Kernel =>
  elementwise(
    'dropout',
    elements,
    [read('x'), read('step', 'array<u32>'), write('y')],
    2,
    `let keep = uniform4(vec4u(${first ? `i + ${first / 4}u` : 'i'}, step[1], step[0], ${layer}u)) >= vec4f(${p});
  y[i] = select(vec4f(), x[i] * ${1 / (1 - p)}, keep);`,
    randomWgsl,
  )

/**
 * Pixels to network input: x[…, c] = (u8/255 − mean[c]) / std[c], fourth channel 0.
 * pixels: one RGBA u32 a pixel, as the loader packs them.
 */
export function normalise(
  pixels: number,
  mean: readonly number[],
  std: readonly number[],
  type?: ActivationType,
): Kernel {
  const { array, bytes, store } = activations(type)
  const bindings = [read('pixels', 'array<u32>'), write('x', array)]
  const [r, g, b] = std.map((s) => 1 / s)
  return {
    name: 'normalise',
    wgsl: /* wgsl */ `${declare(bindings)}
const MEAN = vec4f(${mean.join(', ')}, 0);
const SCALE = vec4f(${r}, ${g}, ${b}, 0);
${elementMain(pixels)}
  x[i] = ${store('(unpack4x8unorm(pixels[i]) - MEAN) * SCALE')};
}`,
    bindings,
    workgroups: cover(pixels),
    flops: 8 * pixels,
    bytes: (4 + 4 * bytes) * pixels,
  }
}
