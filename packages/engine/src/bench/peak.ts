import { planMemory } from '../compile/plan.ts'
import { createArena } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import type { Device } from '../gpu/device.ts'
import { Graph } from '../graph/graph.ts'
import { lanes } from '../kernels/kernel.ts'
import { peak, peakFactors } from '../kernels/peak.ts'
import { timeDispatch } from './measure.ts'

/** A run must be long beside the cost of starting it, yet short enough to find the machine's cores free. */
const shortestMs = 4
/** f32 counts rounds exactly up to here. */
const mostRounds = 2 ** 24
const runs = 32

/**
 * The most f32 GFLOP/s that the adapter reaches with everything in registers (kernels/peak.ts): the best of many
 * short runs. What else the machine does lowers it, so take the larger of one before and one after what it is compared with.
 */
export async function measurePeak(device: Device): Promise<number> {
  const workgroups = device.adapter.software ? 64 : 8192
  const graph = new Graph()
  const factors = graph.io('factors', [4])
  const sums = graph.activation('sums', [workgroups * lanes, 4])
  const dispatchOf = (rounds: number) => ({ kernel: peak(workgroups, rounds), tensors: [factors, sums] })
  const first = dispatchOf(64)
  const arena = await createArena(device, [{ name: 'peak', dispatches: [first], plan: planMemory([first]) }])
  const store = new ParameterStore(device, 0, 0)
  const best = async (rounds: number, times: number): Promise<number> => {
    const inputs = new Map([[factors, new Float32Array([peakFactors.a, peakFactors.b, rounds, 0])]])
    return Math.min(...(await timeDispatch(device, dispatchOf(rounds), { store, arena, runs: times, inputs })))
  }
  try {
    let rounds = 64
    while (rounds < mostRounds && (await best(rounds, 1)) < shortestMs) rounds *= 2
    return dispatchOf(rounds).kernel.flops / (await best(rounds, runs)) / 1e6
  } finally {
    arena.destroy()
  }
}
