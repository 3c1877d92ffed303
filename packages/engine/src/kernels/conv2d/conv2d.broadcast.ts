/**
 * What the `broadcast` variants of the three kernels share: a matrix product without workgroup memory, for software adapters.
 *
 * There, a load costs the same whatever its width (a loop over the lanes with a bounds check and a branch for each element:
 * some fifty cycles), and a barrier makes a coroutine of all that follows. So a workgroup is one subgroup without barriers; every
 * load is a vec4 of what it shall be multiplied with, done once, and spread over the lanes by subgroupBroadcast.
 *
 * Mapping   A lane keeps `rows` rows of one vec4 of columns in named variables: c0 …. Depth is taken four at a time: four vec4s
 *           b0 … b3 of the right matrix, a lane's own, and rows / lanes vec4s a0 … of the left one, each four depths of one row, or four
 *           rows of one depth, by the orientation of the left matrix in memory.
 * Cost      (4 + rows / lanes) loads for 64 · rows · lanes / 4 multiply-adds. More rows load less and compile longer: a body has
 *           16 · rows products, and every one is a line of machine code.
 * Order     Rows that are pixels are taken position by position, all images of a batch at one position before the next. So the
 *           rows of a workgroup lie at few positions, and taps that fall outside the image for all of them are left out: of a 3 × 3
 *           filter on 2 × 2 pixels, five of nine.
 */
import { unroll } from '../kernel.ts'

export interface Broadcast {
  kind: 'broadcast'
  /** Invocations of a workgroup: the adapter's subgroup size. */
  lanes: number
  /** Rows of a workgroup: a multiple of `lanes`. */
  rows: number
}

/** vec4s that a lane loads of the left matrix for four depths. */
export const leftLoads = ({ lanes, rows }: Broadcast): number => rows / lanes

const component = (i: number): string => 'xyzw'[i % 4] ?? ''

/** Variables c0 … of a lane. */
export const accumulators = ({ rows }: Broadcast): string => unroll(rows, (i) => `var c${i} = vec4f();`, ' ')

/** Adds four depths where a lane's a‹j› holds four depths of row lane + j·lanes. */
export const multiplyByRows = ({ lanes, rows }: Broadcast, indent: string): string =>
  unroll(rows, (i) => products(i, (d) => `a${Math.floor(i / lanes)}.${component(d)}, ${i % lanes}u`), indent)

/** Adds four depths where a lane's a‹j› holds rows 4·(lane / 4) … + 3 of j·lanes at depth lane % 4. */
export const multiplyByDepth = ({ lanes, rows }: Broadcast, indent: string): string =>
  unroll(
    rows,
    (i) => {
      const source = 4 * Math.floor((i % lanes) / 4)
      return products(i, (d) => `a${Math.floor(i / lanes)}.${component(i)}, ${source + d}u`)
    },
    indent,
  )

const products = (row: number, source: (depth: number) => string): string =>
  `c${row} += ${unroll(4, (d) => `subgroupBroadcast(${source(d)}) * b${d}`, ' + ')};`
