import type { DispatchTime } from '../compile/program.ts'

/** All dispatches of one kernel in a step, together. */
export interface KernelTime {
  name: string
  /** Dispatches. */
  count: number
  ms: number
  /** By the cost model: what the kernel must compute and move, in GFLOP/s and GB/s. */
  gflops: number
  gbps: number
  /** Of the time of all kernels. */
  share: number
}

/** Sums dispatches up by kernel name, the longest first. */
export function timesByKernel(times: readonly DispatchTime[]): KernelTime[] {
  const sums = new Map<string, { count: number; ms: number; flops: number; bytes: number }>()
  for (const { kernel, startMs, endMs } of times) {
    const sum = sums.get(kernel.name) ?? { count: 0, ms: 0, flops: 0, bytes: 0 }
    sums.set(kernel.name, {
      count: sum.count + 1,
      ms: sum.ms + endMs - startMs,
      flops: sum.flops + kernel.flops,
      bytes: sum.bytes + kernel.bytes,
    })
  }
  const total = [...sums.values()].reduce((all, { ms }) => all + ms, 0)
  return [...sums]
    .map(([name, { count, ms, flops, bytes }]) => ({
      name,
      count,
      ms,
      gflops: perMs(flops, ms),
      gbps: perMs(bytes, ms),
      share: total > 0 ? ms / total : 0,
    }))
    .sort((a, b) => b.ms - a.ms)
}

/** Billions a second of what took `ms`; 0 where the clock was too coarse to see it. */
export const perMs = (amount: number, ms: number): number => (ms > 0 ? amount / ms / 1e6 : 0)
