import { clipFactor, squareParts, squareSums } from '../../kernels/gradient-norm.ts'
import { adamw, type Stretch, sgd } from '../../kernels/optimizer.ts'
import { accumulate as accumulateKernel, average as averageKernel } from '../../kernels/running.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type FlatRange, flat, type StoreBuffer, type Tensor } from '../tensor.ts'

/** What an update reads beside the gradients. */
export interface UpdateScalars {
  step: Tensor
  lossScale: Tensor | null
  /** Made by `clipGradients`. */
  clip: Tensor | null
}

/** Appends the update of one stretch of the flat parameters from its gradients; left out where those overflow the loss scale. */
export function optimize(
  graph: Graph,
  optimizer: 'adamw' | 'sgd' | 'nesterov',
  { offset, elements, ...rest }: FlatRange & Pick<Stretch, 'group' | 'decay'>,
  gradients: 'gradients' | 'gradientSums',
  { step, lossScale, clip }: UpdateScalars,
): void {
  const stretch = { ...rest, scaled: lossScale !== null, clipped: clip !== null }
  const factors = [...(lossScale ? [lossScale] : []), ...(clip ? [clip] : [])]
  const of = (buffer: StoreBuffer): Tensor => flat(buffer, { offset, elements })
  const [gradient, parameter, m, v] = [of(gradients), of('parameters'), of('moment1'), of('moment2')]
  graph.add({
    op: optimizer,
    inputs: [gradient, step, ...factors],
    outputs: [parameter],
    lower(l) {
      for (const { view } of l.windows(parameter)) {
        const part: Stretch = { ...stretch, elements: elementsOf(view(parameter)) }
        const read = [view(gradient), step, ...factors]
        if (optimizer === 'adamw') l.emit(adamw(part), ...read, view(parameter), view(m), view(v))
        else l.emit(sgd(part, optimizer === 'nesterov'), ...read, view(parameter), view(m))
      }
    },
  })
}

/** Appends the gradients of this batch to the running sums. */
export function accumulate(graph: Graph, range: FlatRange, step: Tensor): void {
  const [gradient, sum] = [flat('gradients', range), flat('gradientSums', range)]
  graph.add({
    op: 'accumulate',
    inputs: [gradient, step],
    outputs: [sum],
    lower(l) {
      for (const { view } of l.windows(sum))
        l.emit(accumulateKernel(elementsOf(view(sum))), view(gradient), step, view(sum))
    },
  })
}

/** By what all of the flat `gradients` are multiplied, so that their norm together is at most step's clipNorm. */
export function clipGradients(
  graph: Graph,
  gradients: readonly Tensor[],
  { step, lossScale }: Pick<UpdateScalars, 'step' | 'lossScale'>,
): Tensor {
  const clip = graph.activation('clip', [4])
  const scale = lossScale ? [lossScale] : []
  graph.add({
    op: 'clipGradients',
    inputs: [...gradients, step, ...scale],
    outputs: [clip],
    lower(l) {
      const sums: Tensor[] = []
      for (const gradient of gradients) {
        for (const { view } of l.windows(gradient)) {
          const elements = elementsOf(view(gradient))
          const squares = l.scratch('squares', [squareParts(elements)])
          l.emit(squareSums(elements, lossScale !== null), view(gradient), step, ...scale, squares)
          sums.push(squares)
        }
      }
      l.emit(clipFactor(sums.map(elementsOf)), step, ...sums, clip)
    },
  })
  return clip
}

/** Moves a flat buffer's average towards it. */
export function average(graph: Graph, of: 'parameters' | 'states', elements: number, step: Tensor): void {
  const range = { offset: 0, elements }
  const weights = flat(of, range)
  const averages = flat(of === 'parameters' ? 'averageParameters' : 'averageStates', range)
  graph.add({
    op: 'average',
    inputs: [weights, step],
    outputs: [averages],
    lower(l) {
      for (const { view } of l.windows(weights))
        l.emit(averageKernel(elementsOf(view(weights))), view(weights), step, view(averages))
    },
  })
}
