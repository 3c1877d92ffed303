import { TuningError } from '../errors.ts'
import type { History } from '../history.ts'
import { wordOfText } from '../random.ts'
import {
  contains,
  countOf,
  isActive,
  type Parameter,
  type Parameters,
  type Space,
  type Value,
  valueAt,
} from '../space.ts'
import type { Study } from '../study.ts'

/** Every combination of values once, in an order that the seed decides. */
export interface GridSampler {
  kind: 'grid'
  /** The values of a parameter to try: needed for a float without a step, otherwise all that it has. */
  values?: Readonly<Record<string, readonly Value[]>>
}

/** How many combinations may be counted through; more are no grid that anybody waits for. */
export const MOST_CELLS = 1_000_000

/** What a parameter may be, by index. */
export interface Axis {
  name: string
  parameter: Parameter
  count: number
  at(i: number): Value
}

/** The axes of a space, with the values of `sampler` where it names some. */
export function axesOf(space: Space, { values = {} }: Pick<GridSampler, 'values'> = {}): Axis[] {
  return Object.entries(space).map(([name, parameter]) => {
    const given = values[name]
    return given === undefined
      ? { name, parameter, count: countOf(parameter), at: (i) => valueAt(parameter, i) }
      : { name, parameter, count: given.length, at: (i) => given[i] as Value }
  })
}

export function cellsOf(axes: readonly Axis[]): number {
  return axes.reduce((cells, { count }) => cells * count, 1)
}

export function checkGrid(sampler: GridSampler, space: Space): void {
  for (const [name, values] of Object.entries(sampler.values ?? {})) {
    const parameter = space[name]
    if (parameter === undefined) throw new TuningError(`The grid names ${name}, which is not of the search space`)
    const stranger = values.find((value) => !contains(parameter, value))
    if (stranger !== undefined)
      throw new TuningError(`The grid has ${name} ${JSON.stringify(stranger)}, out of its space`)
    if (values.length === 0) throw new TuningError(`The grid has no value of ${name}: name at least one`)
  }
  const axes = axesOf(space, sampler)
  const endless = axes.find(({ count }) => count === Infinity)
  if (endless !== undefined) {
    throw new TuningError(`${endless.name} has no steps: give it a step, or the grid its values`, {
      field: `space.${endless.name}`,
    })
  }
  const cells = cellsOf(axes)
  if (cells > MOST_CELLS) {
    throw new TuningError(`The grid has ${cells} cells: ${MOST_CELLS} are the most`, { field: 'sampler' })
  }
}

/**
 * The first combination that was not asked for yet, in an order that visits all: a stride that shares no factor with their
 * number. Null where none is left. Cells that differ only in parameters which do not exist in them are one.
 */
export function unseenCell(study: Study, axes: readonly Axis[], history: History): Parameters | null {
  const cells = cellsOf(axes)
  const start = wordOfText('grid start', study.seed) % cells
  let stride = 1 + (wordOfText('grid stride', study.seed) % cells)
  while (greatestCommonDivisor(stride, cells) !== 1) stride++
  for (let k = 0; k < cells; k++) {
    const parameters = cellAt(axes, (start + k * stride) % cells)
    if (!history.has(parameters)) return parameters
  }
  return null
}

function cellAt(axes: readonly Axis[], cell: number): Parameters {
  const parameters: Parameters = {}
  let rest = cell
  for (const { name, parameter, count, at } of axes) {
    if (isActive(parameter, parameters)) parameters[name] = at(rest % count)
    rest = Math.floor(rest / count)
  }
  return parameters
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
