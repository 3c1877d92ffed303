/**
 * Measures which variant of each convolution of a network is fastest on a device, and leaves the answer on it. What is measured,
 * and what keeps a wrong variant from winning, is in measure.ts.
 */
import { compilePipelines } from '../compile/program.ts'
import type { Device } from '../gpu/device.ts'
import type { Dispatch, Graph, LoweringTarget, Node } from '../graph/graph.ts'
import { windows } from '../graph/windows.ts'
import type { Conv2d } from '../kernels/conv2d/conv2d.ts'
import { candidates, type Pass, problemName, type VariantChoices } from '../kernels/conv2d/conv2d.variants.ts'
import { Choices } from './choices.ts'
import { isolate, lowerIsolated } from './isolated-pass.ts'
import { measureVariants, scoped, type Trial } from './measure.ts'

export interface AutotuneOptions {
  /** Timed runs of each variant. Default 7. */
  rounds?: number
  /** Measure also what `device.choices` knows already. */
  again?: boolean
  onProgress?: (stage: string, done: number, total: number) => void
}

/** One convolution of a network in one pass, and what was measured of it. */
export interface TunedPass {
  pass: Pass
  /** Shape as stored; a 1 × 1 convolution at stride 1 is a batch of single pixels. */
  problem: Conv2d
  /** The first layer that has it. */
  layer: string
  /** How often the graphs have it. */
  count: number
  heuristic: Trial
  chosen: Trial
  /** Every candidate, the heuristic's first; rejected ones with why. */
  trials: Trial[]
}

/** Share of the heuristic's time below which a challenger wins: what is closer is chance, and not worth another kernel. */
const margin = 0.97

/**
 * Measures the candidates of every distinct convolution of `graphs`, and adds what is fastest to `device.choices`: programs that are
 * compiled afterwards use it. A convolution with one candidate is left out, and so is one that was measured before. Takes a
 * compilation and some runs for each candidate, and expects the device to itself. Throws OUT_OF_MEMORY where one layer by itself does not fit.
 */
export async function autotune(
  device: Device,
  graphs: readonly Graph[],
  { rounds = 7, again = false, onProgress = () => {} }: AutotuneOptions = {},
): Promise<TunedPass[]> {
  const { target } = device
  const open = distinctPasses(graphs, target)
    .filter(({ pass, problem }) => again || !target.choices?.get(pass, problem))
    .map((one) => ({
      ...one,
      isolated: isolate(one.pass, one.problem),
      variants: candidates(one.pass, one.problem, target),
    }))
    .filter(({ variants }) => variants.length > 1)
  await compileAll(
    device,
    open.flatMap(({ isolated, variants }) => variants.flatMap((variant) => lowerIsolated(isolated, variant, target))),
    (done, total) => onProgress('Compiling pipelines', done, total),
  )
  const tuned: TunedPass[] = []
  const choices = new Choices(target, device.choices?.names)
  for (const [i, { isolated, variants, ...one }] of open.entries()) {
    onProgress('Measuring convolutions', i, open.length)
    const trials = await measureVariants(device, isolated, variants, { rounds })
    const { heuristic, chosen } = choose(trials)
    choices.set(one.pass, one.problem, chosen.variant)
    tuned.push({ ...one, heuristic, chosen, trials })
  }
  onProgress('Measuring convolutions', open.length, open.length)
  device.choices = choices
  return tuned
}

/** The fastest of those that beat the heuristic's variant, the first trial, by more than chance; or that one. */
export function choose(trials: readonly Trial[]): { heuristic: Trial; chosen: Trial } {
  const [heuristic, ...challengers] = trials
  if (!heuristic) throw new Error('nothing was measured')
  const time = ({ ms }: Trial): number => ms ?? Number.POSITIVE_INFINITY
  const faster = challengers.filter(({ share }) => share !== null && share < margin)
  return { heuristic, chosen: faster.reduce((best, trial) => (time(trial) < time(best) ? trial : best), heuristic) }
}

/** Convolutions as lowering asks for their variants, each once. */
function distinctPasses(
  graphs: readonly Graph[],
  target: LoweringTarget,
): Pick<TunedPass, 'pass' | 'problem' | 'layer' | 'count'>[] {
  const found = new Map<string, Pick<TunedPass, 'pass' | 'problem' | 'layer' | 'count'>>()
  for (const graph of graphs) {
    for (const node of graph.nodes) {
      const listener: VariantChoices = {
        names: {},
        get(pass, problem) {
          const name = problemName(pass, problem)
          const seen = found.get(name)
          if (seen) seen.count++
          else found.set(name, { pass, problem, layer: layerOf(node), count: 1 })
          return undefined
        },
      }
      node.lower({
        target: { ...target, choices: listener },
        windows: (...tensors) => windows(target.maxBindingBytes, ...tensors),
        scratch: (...tensor) => graph.activation(...tensor),
        emit() {},
      })
    }
  }
  return [...found.values()]
}

/** The layer whose filter, or gradient of it, a node binds. */
function layerOf({ op, inputs, outputs }: Node): string {
  const filter = [...inputs, ...outputs].find(({ place }) => place.in === 'parameters' || place.in === 'gradients')
  return (filter?.name ?? op).replace(/^d /, '').replace(/\.weight$/, '')
}

/** Compiles what will be measured on every core. What fails here fails again where it is measured, and is told of there. */
async function compileAll(
  device: Device,
  dispatches: readonly Dispatch[],
  onPipeline: (done: number, total: number) => void,
): Promise<void> {
  await scoped(device, () => compilePipelines(device, dispatches, onPipeline)).catch(() => device.check())
}
