import type { DispatchTime } from '../compile/program.ts'
import { perMs } from './kernel-times.ts'

/** A document in the Trace Event Format, as chrome://tracing and ui.perfetto.dev open it. Times in microseconds. */
export interface ChromeTrace {
  displayTimeUnit: 'ms'
  traceEvents: TraceEvent[]
}

export type TraceEvent =
  | { ph: 'M'; name: 'process_name' | 'thread_name'; pid: number; tid: number; args: { name: string } }
  | { ph: 'X'; name: string; cat: 'kernel'; pid: number; tid: number; ts: number; dur: number; args: TraceArguments }

export interface TraceArguments {
  /** Position in the step. */
  dispatch: number
  workgroups: string
  flops: number
  bytes: number
  gflops: number
  gbps: number
}

/** One step as a trace: a slice for each dispatch, in one track named after the adapter. */
export function chromeTrace(process: string, adapter: string, times: readonly DispatchTime[]): ChromeTrace {
  const track = { pid: 1, tid: 1 }
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      { ph: 'M', name: 'process_name', ...track, args: { name: process } },
      { ph: 'M', name: 'thread_name', ...track, args: { name: adapter } },
      ...times.map(({ kernel, startMs, endMs }, dispatch): TraceEvent => {
        const { name, workgroups, flops, bytes } = kernel
        const ms = endMs - startMs
        const args = {
          dispatch,
          workgroups: workgroups.join(' × '),
          flops,
          bytes,
          gflops: perMs(flops, ms),
          gbps: perMs(bytes, ms),
        }
        return { ph: 'X', name, cat: 'kernel', ...track, ts: 1000 * startMs, dur: 1000 * ms, args }
      }),
    ],
  }
}
