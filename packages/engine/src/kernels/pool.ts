/**
 * Pooling over NHWC feature maps. Maxima remember where they came from (the first in scan order wins, as in PyTorch), so that
 * the backward pass is a gather: each input element asks the windows that cover it, and no atomics are needed.
 *
 * Global pools end a body of either type; what they hand to the head, and take from it on the way back, is f32.
 */
import {
  type ActivationType,
  activations,
  ceilDiv,
  cover,
  declare,
  elementMain,
  type Kernel,
  read,
  write,
} from './kernel.ts'

export interface Pool {
  n: number
  h: number
  w: number
  /** Padded; a multiple of 4. */
  channels: number
  /** Of feature maps and their gradients. Default f32. */
  type?: ActivationType
}

/** The stem's max pool: 3 × 3 windows, stride 2, padding 1. */
export const maxPoolSize = ({ h, w }: Pick<Pool, 'h' | 'w'>): { oh: number; ow: number } => ({
  oh: ceilDiv(h, 2),
  ow: ceilDiv(w, 2),
})

const shape = (p: Pool): string => {
  const { oh, ow } = maxPoolSize(p)
  return `const H = ${p.h}; const W = ${p.w}; const OH = ${oh}; const OW = ${ow}; const C4 = ${p.channels / 4};`
}

/** Bindings: x [n, h, w, c] → y [n, oh, ow, c], winner (tap 0…8 of each maximum, u32, as y). */
export function maxPool(p: Pool): Kernel {
  const { oh, ow } = maxPoolSize(p)
  const count = (p.n * oh * ow * p.channels) / 4
  const { array, bytes, load, store } = activations(p.type)
  const bindings = [read('x', array), write('y', array), write('winner', 'array<vec4u>')]
  return {
    name: 'maxPool',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(p)}
${elementMain(count)}
  let at = i32(i);
  let c = at % C4;
  let ox = at / C4 % OW;
  let oy = at / (C4 * OW) % OH;
  let n = at / (C4 * OW * OH);
  var best = vec4f(-3.4e38);
  var tap = vec4u();
  for (var ky = 0; ky < 3; ky++) {
    for (var kx = 0; kx < 3; kx++) {
      let iy = oy * 2 - 1 + ky;
      let ix = ox * 2 - 1 + kx;
      if (iy >= 0 && iy < H && ix >= 0 && ix < W) {
        let value = ${load('x[((n * H + iy) * W + ix) * C4 + c]')};
        // NaN wins, so that it is seen and not lost.
        let wins = (value > best) | (value != value);
        best = select(best, value, wins);
        tap = select(tap, vec4u(u32(ky * 3 + kx)), wins);
      }
    }
  }
  y[i] = ${store('best')};
  winner[i] = tap;
}`,
    bindings,
    workgroups: cover(count),
    flops: 9 * 4 * count,
    bytes: bytes * p.n * p.h * p.w * p.channels + 4 * (bytes + 4) * count,
  }
}

/** Bindings: winner, dy → dx [n, h, w, c]. */
export function maxPoolGradient(p: Pool): Kernel {
  const count = (p.n * p.h * p.w * p.channels) / 4
  const { array, bytes, load, store } = activations(p.type)
  const bindings = [read('winner', 'array<vec4u>'), read('dy', array), write('dx', array)]
  return {
    name: 'maxPool.gradient',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(p)}
${elementMain(count)}
  let at = i32(i);
  let c = at % C4;
  let ix = at / C4 % W;
  let iy = at / (C4 * W) % H;
  let n = at / (C4 * W * H);
  var sum = vec4f();
  // Windows whose rows 2·oy − 1 … 2·oy + 1 hold iy, and columns likewise.
  for (var oy = iy / 2; oy <= min((iy + 1) / 2, OH - 1); oy++) {
    for (var ox = ix / 2; ox <= min((ix + 1) / 2, OW - 1); ox++) {
      let tap = u32((iy - oy * 2 + 1) * 3 + ix - ox * 2 + 1);
      let source = ((n * OH + oy) * OW + ox) * C4 + c;
      sum += select(vec4f(), ${load('dy[source]')}, winner[source] == vec4u(tap));
    }
  }
  dx[i] = ${store('sum')};
}`,
    bindings,
    workgroups: cover(count),
    flops: 4 * 4 * count,
    bytes: 4 * bytes * count,
  }
}

/** Bindings: x [n, h, w, c] → y [n, c] f32, the mean over each feature map. */
export function globalAvgPool(p: Pool): Kernel {
  const count = (p.n * p.channels) / 4
  const { array, bytes, load } = activations(p.type)
  const bindings = [read('x', array), write('y')]
  return {
    name: 'globalAvgPool',
    wgsl: /* wgsl */ `${declare(bindings)}
const PIXELS = ${p.h * p.w}u; const C4 = ${p.channels / 4}u;
${elementMain(count)}
  var sum = vec4f();
  for (var p = 0u; p < PIXELS; p++) { sum += ${load('x[(i / C4 * PIXELS + p) * C4 + i % C4]')}; }
  y[i] = sum / f32(PIXELS);
}`,
    bindings,
    workgroups: cover(count),
    flops: p.n * p.h * p.w * p.channels,
    bytes: bytes * p.n * p.h * p.w * p.channels,
  }
}

/** Bindings: dy [n, c] f32 → dx [n, h, w, c]. */
export function globalAvgPoolGradient(p: Pool): Kernel {
  const count = (p.n * p.h * p.w * p.channels) / 4
  const { array, bytes, store } = activations(p.type)
  const bindings = [read('dy'), write('dx', array)]
  return {
    name: 'globalAvgPool.gradient',
    wgsl: /* wgsl */ `${declare(bindings)}
const PIXELS = ${p.h * p.w}u; const C4 = ${p.channels / 4}u;
${elementMain(count)}
  dx[i] = ${store('dy[i / (C4 * PIXELS) * C4 + i % C4] / f32(PIXELS)')};
}`,
    bindings,
    workgroups: cover(count),
    flops: 4 * count,
    bytes: 4 * bytes * count,
  }
}

/** fastai's pooling of the head. Bindings: x [n, h, w, c] → y [n, 2c] f32 (maxima, then means), winner [n, c] (pixel of each maximum). */
export function globalConcatPool(p: Pool): Kernel {
  const count = (p.n * p.channels) / 4
  const { array, bytes, load } = activations(p.type)
  const bindings = [read('x', array), write('y'), write('winner', 'array<vec4u>')]
  return {
    name: 'globalConcatPool',
    wgsl: /* wgsl */ `${declare(bindings)}
const PIXELS = ${p.h * p.w}u; const C4 = ${p.channels / 4}u;
${elementMain(count)}
  let n = i / C4;
  let c = i % C4;
  var best = ${load('x[n * PIXELS * C4 + c]')};
  var at = vec4u();
  var sum = best;
  for (var p = 1u; p < PIXELS; p++) {
    let value = ${load('x[(n * PIXELS + p) * C4 + c]')};
    let wins = (value > best) | (value != value);
    best = select(best, value, wins);
    at = select(at, vec4u(p), wins);
    sum += value;
  }
  y[n * 2u * C4 + c] = best;
  y[(n * 2u + 1u) * C4 + c] = sum / f32(PIXELS);
  winner[i] = at;
}`,
    bindings,
    workgroups: cover(count),
    flops: 2 * p.n * p.h * p.w * p.channels,
    bytes: bytes * p.n * p.h * p.w * p.channels,
  }
}

/** Bindings: winner [n, c], dy [n, 2c] f32 → dx [n, h, w, c]. */
export function globalConcatPoolGradient(p: Pool): Kernel {
  const count = (p.n * p.h * p.w * p.channels) / 4
  const { array, bytes, store } = activations(p.type)
  const bindings = [read('winner', 'array<vec4u>'), read('dy'), write('dx', array)]
  return {
    name: 'globalConcatPool.gradient',
    wgsl: /* wgsl */ `${declare(bindings)}
const PIXELS = ${p.h * p.w}u; const C4 = ${p.channels / 4}u;
${elementMain(count)}
  let c = i % C4;
  let pixel = i / C4 % PIXELS;
  let n = i / (C4 * PIXELS);
  let ofMax = select(vec4f(), dy[n * 2u * C4 + c], winner[n * C4 + c] == vec4u(pixel));
  dx[i] = ${store('ofMax + dy[(n * 2u + 1u) * C4 + c] / f32(PIXELS)')};
}`,
    bindings,
    workgroups: cover(count),
    flops: 8 * count,
    bytes: 4 * bytes * count,
  }
}
