import { adamw, type Stretch, sgd } from '../../kernels/optimizer.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type StoreBuffer, type Tensor } from '../tensor.ts'

/** Appends the update of one stretch of the flat parameters, which starts at `offset`; left out where gradients overflow `lossScale`. */
export function optimize(
  graph: Graph,
  optimizer: 'adamw' | 'sgd',
  moving: Omit<Stretch, 'scaled'>,
  offset: number,
  step: Tensor,
  lossScale: Tensor | null = null,
): void {
  const stretch: Stretch = { ...moving, scaled: lossScale !== null }
  const scale = lossScale ? [lossScale] : []
  const view = (buffer: StoreBuffer): Tensor => ({
    name: `${buffer} of group ${stretch.group}`,
    shape: [stretch.elements],
    type: 'f32',
    place: { in: buffer, offset },
  })
  const [gradient, parameter, m, v] = [view('gradients'), view('parameters'), view('moment1'), view('moment2')]
  graph.add({
    op: optimizer,
    inputs: [gradient, step, ...scale],
    outputs: [parameter],
    lower(l) {
      for (const { view } of l.windows(parameter)) {
        const part = { ...stretch, elements: elementsOf(view(parameter)) }
        if (optimizer === 'adamw')
          l.emit(adamw(part), view(gradient), step, ...scale, view(parameter), view(m), view(v))
        else l.emit(sgd(part), view(gradient), step, ...scale, view(parameter), view(m))
      }
    },
  })
}
