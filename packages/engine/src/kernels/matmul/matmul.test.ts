/** The bound is that of a convolution's sums (kernels/conv2d/conv2d.test.ts): √(2K) · ε · Σ|aᵢbᵢ| for K products. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import { chooseVariant, type ProductVariant } from '../conv2d/conv2d.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from '../testing.ts'
import { type MatMul, matmul } from './matmul.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** Blocks and parts that end within rows, columns and depth, of every variant. */
const size = { batch: 3, rows: 20, depth: 44, columns: 40 }

/** `software`: what a software adapter gets by itself, with the fewest rows there are: `broadcast`, mostly. */
const variants: Record<string, () => ProductVariant> = {
  software: () => chooseVariant({ rows: 1, columns: size.columns, parts: 1 }, { ...device.adapter, software: true }),
  direct: () => ({ kind: 'direct', rows: 8 }),
  tile: () => ({ kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 }),
}

const cases = Object.entries(variants).flatMap(([variant, choose]) =>
  (['row', 'depth'] as const).map((leftBy) => ({ variant, choose, m: { ...size, leftBy } })),
)

/** Σ_depth f(a · b), [batch, rows, columns], in f64. */
function products(m: MatMul, a: Float64Array, b: Float64Array, f = (v: number): number => v): Float64Array {
  const sums = new Float64Array(m.batch * m.rows * m.columns)
  return sums.map((_, at) => {
    const [i, row, column] = [
      Math.floor(at / (m.rows * m.columns)),
      Math.floor(at / m.columns) % m.rows,
      at % m.columns,
    ]
    let sum = 0
    for (let k = 0; k < m.depth; k++) {
      const left = m.leftBy === 'row' ? (i * m.rows + row) * m.depth + k : (i * m.depth + k) * m.rows + row
      sum += f(a[left]! * b[(i * m.depth + k) * m.columns + column]!)
    }
    return sum
  })
}

test.each(cases)(
  '$variant: a batch of products, by $m.leftBy, in parts that add up, with the same bits twice',
  async ({ choose, m }) => {
    const a = paddedNoise('a', m.batch * m.rows, m.depth)
    const b = paddedNoise('b', m.batch * m.depth, m.columns)
    const elements = m.batch * m.rows * m.columns
    const kernel = matmul('matmul', m, choose(), 3)
    const run = async () => output(await runKernel(device, kernel, { a, b, out: 3 * elements }), 'out')
    const parts = await run()
    const sum = new Float64Array(elements).map((_, i) => parts[i]! + parts[elements + i]! + parts[2 * elements + i]!)
    const bound = products(m, a, b, Math.abs).map((s) => Math.sqrt(2 * m.depth) * epsilon * s)
    expect(firstMismatch(sum, products(m, a, b), bound, [m.batch, m.rows, m.columns])).toBeNull()
    expect(await run()).toEqual(parts)
  },
)

test('sizes that are no whole vec4s are refused', () => {
  const direct: ProductVariant = { kind: 'direct', rows: 4 }
  expect(() => matmul('a product', { ...size, depth: 6, leftBy: 'row' }, direct)).toThrow(/20 × 6 × 40/)
  expect(() => matmul('a product', { ...size, leftBy: 'depth' }, { kind: 'direct', rows: 6 })).toThrow(/blocks of 6/)
})

test('a product costs two flops a multiply-add and moves each matrix once', () => {
  const { flops, bytes } = matmul('a product', { ...size, leftBy: 'row' }, { kind: 'direct', rows: 4 }, 2)
  expect(flops).toBe(2 * 3 * 20 * 44 * 40)
  expect(bytes).toBe(4 * 3 * (20 * 44 + 44 * 40 + 2 * 20 * 40))
})
