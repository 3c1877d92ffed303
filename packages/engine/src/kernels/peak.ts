/**
 * The adapter's peak: as many multiply-adds as it can do with every operand in a register.
 *   c ← c · a + b,   `accumulators` vec4s an invocation, `steps` times a round, `rounds` rounds
 *
 * Mapping   every invocation by itself: no barrier, no workgroup memory, one store at the end.
 * Memory    two uniform factors and one vec4 of result an invocation: nothing to wait for.
 * Cost      2 · 4 · accumulators · steps · rounds flops an invocation. `rounds` comes from the buffer, so the loop stays a loop and
 *           its body, the only thing unrolled, is accumulators · steps lines long.
 * Numerics  a < 1 makes every chain converge to b / (1 − a): no overflow, no denormals, however many rounds.
 * Choice    Three accumulators are twelve independent chains: enough to cover the latency of an FMA on GPUs and on two AVX2
 *           ports, and with both factors they fit sixteen registers; four spill there and take more than twice as long
 *           (lavapipe; with three it reaches 187 GFLOP/s on two idle AVX2 cores near 3 GHz, all that their ports can do).
 *           Written as c · a + b, which compilers contract. A round writes each accumulator once: in a loop, lavapipe
 *           makes each store a masked blend.
 */
import { declare, type Kernel, lanes, read, unroll, write } from './kernel.ts'

const accumulators = 3
const steps = 16

/** The chains' factors: c ← c · a + b. */
export const peakFactors: { a: number; b: number } = { a: 0.5, b: 0.25 }

/** Bindings: factors [a, b, rounds, –] → sums [workgroups · 64, 4]. The WGSL is the same for any number of rounds. */
export function peak(workgroups: number, rounds: number): Kernel {
  const bindings = [read('factors', 'array<f32>'), write('sums')]
  const invocations = workgroups * lanes
  return {
    name: 'peak',
    wgsl: /* wgsl */ `${declare(bindings)}
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = factors[0];
  let b = factors[1];
  let rounds = u32(factors[2]);
  ${unroll(accumulators, (i) => `var c${i} = vec4f(f32(id.x % ${lanes}u) + ${i}f) * a;`, '\n  ')}
  for (var round = 0u; round < rounds; round++) {
    ${unroll(accumulators, (i) => `let c${i}s0 = c${i};`, ' ')}
    ${unroll(steps, (s) => unroll(accumulators, (i) => `let c${i}s${s + 1} = c${i}s${s} * a + b;`, ' '), '\n    ')}
    ${unroll(accumulators, (i) => `c${i} = c${i}s${steps};`, ' ')}
  }
  sums[id.x] = ${unroll(accumulators, (i) => `c${i}`, ' + ')};
}`,
    bindings,
    workgroups: [workgroups, 1, 1],
    flops: 2 * 4 * accumulators * steps * rounds * invocations,
    bytes: 16 * (1 + invocations),
  }
}
