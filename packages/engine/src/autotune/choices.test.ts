import { expect, test } from 'vitest'
import type { Conv2d, Variant } from '../kernels/conv2d/conv2d.ts'
import { candidates, passes, problemName, variantFor, variantName } from '../kernels/conv2d/conv2d.variants.ts'
import type { Target } from '../kernels/kernel.ts'
import { Choices, decodeChoices, encodeChoices } from './choices.ts'
import { lowerIsolated } from './isolated-pass.ts'
import { kernelVersion } from './kernel-version.ts'

const software: Target = { software: true, subgroupSize: 8 }
const gpu: Target = { software: false, subgroupSize: 32 }
const c: Conv2d = { n: 16, h: 56, w: 56, ci: 64, co: 64, kernel: 3, stride: 1, padding: 1 }
const key = { adapter: { vendor: 'mesa', description: 'llvmpipe: Mesa 25.0.7' }, kernels: '0123456789abcdef' }

test('problems and variants are kept by names that tell every number of them', () => {
  expect(problemName('forward', c)).toBe('forward, n 16, h 56, w 56, ci 64, co 64, kernel 3, stride 1, padding 1')
  expect(variantName({ kind: 'tile', rows: 64, columns: 32, depth: 16, height: 8 })).toBe(
    'tile, rows 64, columns 32, depth 16, height 8',
  )
  expect(variantName({ kind: 'nested', product: { kind: 'direct', rows: 4 }, size: 2 })).toBe(
    'nested, product (direct, rows 4), size 2',
  )
})

test('choices come back from a document as they were, and in the same text whatever their order', () => {
  const choices = new Choices(software)
  const chosen: Variant = { kind: 'broadcast', lanes: 8, rows: 32 }
  choices.set('forward', c, chosen)
  choices.set('filterGradient', c, { kind: 'broadcast', lanes: 8, rows: 8 })
  const text = encodeChoices(key, choices.names)
  const names = decodeChoices(key, text)
  expect(names).toEqual(choices.names)
  expect(new Choices(software, names ?? {}).get('forward', c)).toEqual(chosen)
  expect(encodeChoices(key, Object.fromEntries(Object.entries(choices.names).reverse()))).toBe(text)
})

test('a 1 × 1 convolution finds the choice of any other with as many pixels', () => {
  const choices = new Choices(software)
  const pointwise: Conv2d = { ...c, kernel: 1, padding: 0 }
  choices.set('forward', pointwise, { kind: 'broadcast', lanes: 8, rows: 32 })
  const target = { ...software, choices }
  expect(variantFor('forward', { ...pointwise, n: 4, h: 112, w: 112 }, target)).toMatchObject({ rows: 32 })
  expect(variantFor('forward', { ...pointwise, stride: 2 }, target)).toMatchObject({ rows: 16 })
  expect(variantFor('inputGradient', pointwise, target)).toMatchObject({ rows: 16 })
})

test('choices for other kernels or another adapter are none', () => {
  const text = encodeChoices(key, { a: 'b' })
  expect(decodeChoices({ ...key, kernels: 'fedcba9876543210' }, text)).toBeNull()
  expect(decodeChoices({ ...key, adapter: { ...key.adapter, description: 'Mesa 25.0.8' } }, text)).toBeNull()
})

test.each([
  ['cut off', encodeChoices(key, { a: 'b' }).slice(0, 40)],
  ['a list', '[]'],
  ['of another kind', '{"key":"4e…","env":{}}'],
  ['with a choice that is no name', JSON.stringify({ ...key, choices: { a: { kind: 'tile' } } })],
])('a document that is %s is refused', (_, text) => {
  expect(() => decodeChoices(key, text)).toThrow()
})

test('a variant that is no candidate is never chosen, whatever a document says', () => {
  const names = { [problemName('forward', c)]: 'tile, rows 1024, columns 1024, depth 16, height 16' }
  expect(new Choices(gpu, names).get('forward', c)).toBeUndefined()
  expect(variantFor('forward', c, { ...gpu, choices: new Choices(gpu, names) })).toMatchObject({
    kind: 'tile',
    rows: 64,
  })
})

test("candidates are few, begin with the heuristic's, and occur once", () => {
  for (const target of [software, gpu, { software: true, subgroupSize: null }]) {
    for (const pass of passes) {
      for (const problem of [c, { ...c, n: 1, h: 3, w: 1, ci: 4, co: 4 }]) {
        const variants = candidates(pass, problem, target)
        expect(variants[0]).toEqual(variantFor(pass, problem, target))
        expect(new Set(variants.map(variantName)).size).toBe(variants.length)
        expect(variants.length).toBeLessThanOrEqual(target.software ? 4 : 10)
      }
    }
  }
  const units = {
    ...gpu,
    matrixUnits: [{ component: 'f32', side: 8 } as const, { component: 'f16', side: 16 } as const],
  }
  expect(candidates('forward', c, gpu).filter(({ kind }) => kind === 'matrix')).toEqual([])
  // Units of f16 would take f32 activations for less than they are.
  expect(candidates('forward', c, units).filter(({ kind }) => kind === 'matrix')).toEqual([
    { kind: 'matrix', rows: 64, columns: 32, depth: 16, height: 4, component: 'f32', side: 8, lanes: 32 },
  ])
  expect(candidates('forward', { ...c, type: 'f16' }, units).filter(({ kind }) => kind === 'matrix')).toEqual([
    { kind: 'matrix', rows: 64, columns: 32, depth: 32, height: 4, component: 'f16', side: 16, lanes: 32 },
  ])
  // Three pixels fill no tile, and one row for each of eight lanes.
  const tiny = { ...c, n: 1, h: 3, w: 1, ci: 4, co: 4 }
  expect(candidates('forward', tiny, gpu)).toEqual([{ kind: 'direct', rows: 4 }])
  expect(candidates('forward', tiny, software)).toEqual([{ kind: 'broadcast', lanes: 8, rows: 8 }])
})

test("the kernels' version changes with any text of any candidate, and with nothing else", async () => {
  const version = await kernelVersion(software)
  expect(version).toMatch(/^[0-9a-f]{16}$/)
  expect(await kernelVersion({ ...software })).toBe(version)
  expect(await kernelVersion(gpu)).not.toBe(version)
  // One comment in one variant of one pass.
  const edited = await kernelVersion(software, (isolated, variant, target) =>
    lowerIsolated(isolated, variant, target).map(({ kernel, tensors }) => {
      const touched = isolated.pass === 'filterGradient' && variant.kind === 'broadcast' && variant.rows === 32
      return { kernel: touched ? { ...kernel, wgsl: `${kernel.wgsl} // edited` } : kernel, tensors }
    }),
  )
  expect(edited).not.toBe(version)
})
