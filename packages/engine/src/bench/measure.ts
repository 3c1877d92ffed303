/** Timing single dispatches by themselves. */
import { planMemory } from '../compile/plan.ts'
import { Program } from '../compile/program.ts'
import type { ParameterStore } from '../compile/store.ts'
import { hasTimestamps } from '../compile/timing.ts'
import type { Device } from '../gpu/device.ts'
import { workDone } from '../gpu/pacing.ts'
import type { Dispatch } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'

/** Told how far a bench has come. */
export type BenchProgress = (stage: string, done: number, total: number) => void

export interface DispatchBench {
  store: ParameterStore
  arena: GPUBuffer
  /** Measured runs; one more goes before them. */
  runs: number
  /** Written into the program's own tensors first. */
  inputs?: ReadonlyMap<Tensor, Float32Array>
}

/**
 * Milliseconds of one dispatch with nothing beside it: of each run by the device's clock, or where that cannot be read the
 * mean of all, from submission to completion.
 */
export async function timeDispatch(
  device: Device,
  dispatch: Dispatch,
  { store, arena, runs, inputs = new Map() }: DispatchBench,
): Promise<number[]> {
  const dispatches = Array.from({ length: runs }, () => dispatch)
  const compiled = { name: dispatch.kernel.name, dispatches, plan: planMemory([dispatch]) }
  const program = await Program.record(device, compiled, store, arena)
  try {
    for (const [tensor, values] of inputs) program.write(tensor, values)
    program.run()
    await workDone(device)
    if (hasTimestamps(device)) return (await program.profile()).map(({ startMs, endMs }) => endMs - startMs)
    const submitted = performance.now()
    program.run()
    await workDone(device)
    return [(performance.now() - submitted) / runs]
  } finally {
    program.destroy()
  }
}
