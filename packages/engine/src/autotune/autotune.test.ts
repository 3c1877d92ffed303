import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile } from '../compile/program.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { backward, Graph } from '../graph/graph.ts'
import { conv2d } from '../graph/ops/conv2d.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { Conv2d, Variant } from '../kernels/conv2d/conv2d.ts'
import { candidates, passes, variantFor, variantName } from '../kernels/conv2d/conv2d.variants.ts'
import { autotune, choose } from './autotune.ts'
import { Choices } from './choices.ts'
import { isolate, type LowerIsolated, lowerIsolated } from './isolated-pass.ts'
import { measureVariants, type Trial } from './measure.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const direct: Variant = { kind: 'direct', rows: 4 }
/** Known by its rows to the lowerings below, which break it; as it is, it computes what the other does. */
const broken: Variant = { kind: 'direct', rows: 8 }

/** An odd image, more than one vec4 of columns, and a filter gradient in parts. */
const c: Conv2d = { n: 3, h: 7, w: 5, ci: 8, co: 12, kernel: 3, stride: 2, padding: 1 }
const forward = isolate('forward', c)

/** Lowers `broken` with its shader changed, everything else as ever. */
const breaking =
  (change: (wgsl: string) => string): LowerIsolated =>
  (isolated, variant, target) =>
    lowerIsolated(isolated, variant, target).map(({ kernel, tensors }) => {
      if (variant !== broken) return { kernel, tensors }
      const wgsl = change(kernel.wgsl)
      expect(wgsl).not.toBe(kernel.wgsl)
      return { kernel: { ...kernel, wgsl }, tensors }
    })

const measureBroken = async (change: (wgsl: string) => string): Promise<Trial | undefined> => {
  const [trusted, trial] = await measureVariants(device, forward, [direct, broken], {
    rounds: 1,
    lower: breaking(change),
  })
  expect(trusted).toMatchObject({ ms: expect.any(Number), share: 1, rejected: null })
  device.check()
  return trial
}

test.each(passes)('variants of one %s that agree are all timed, on either clock', async (pass) => {
  const variants = [direct, ...candidates(pass, c, device.target)].slice(0, 2)
  for (const deviceClock of [device.gpu.features.has('timestamp-query'), false]) {
    const trials = await measureVariants(device, isolate(pass, c), variants, { rounds: 2, deviceClock })
    expect(trials.map(({ variant }) => variant)).toEqual(variants)
    for (const { ms, share, rejected } of trials) {
      expect(rejected).toBeNull()
      expect(ms).toBeGreaterThan(0)
      expect(share).toBeGreaterThan(0)
    }
  }
})

test('variants of passes in f16 agree, matrix units among them', async () => {
  // A device without f16 has none of them.
  if (!device.gpu.features.has('shader-f16')) return
  const units = { kind: 'matrix', rows: 64, columns: 32, depth: 32, height: 4, component: 'f16', side: 16 } as const
  const matrix: Variant = { ...units, lanes: 32, emulated: true }
  for (const pass of ['forward', 'filterGradient'] as const) {
    const trials = await measureVariants(device, isolate(pass, { ...c, type: 'f16' }), [direct, matrix], { rounds: 1 })
    expect(trials.map(({ rejected }) => rejected)).toEqual([null, null])
  }
})

test('a variant that mixes up one product is rejected, and says where', async () => {
  const trial = await measureBroken((wgsl) => wgsl.replace('a7.w * b3', 'a7.w * b2'))
  expect(trial).toMatchObject({ variant: broken, ms: null, share: null })
  expect(trial?.rejected).toMatch(/^element \d+ of y is -?[\d.]+, not -?[\d.]+ ± [\d.e-]+$/)
})

test('a variant that leaves elements unwritten is rejected, even where they held the right numbers before', async () => {
  const trial = await measureBroken((wgsl) => wgsl.replace('if (to7 < ROWS)', 'if (to7 < 0u)'))
  expect(trial?.rejected).toMatch(/^element \d+ of y is NaN/)
})

test('a variant that does not compile is rejected, and the device goes on', async () => {
  const trial = await measureBroken((wgsl) => wgsl.replace('c7 +=', 'c7 = nothing +'))
  expect(trial).toMatchObject({ ms: null, share: null, rejected: expect.stringContaining('does not compile') })
  expect(trial?.rejected).not.toContain('\n')
})

test('a variant that the device refuses to dispatch is rejected, and the device goes on', async () => {
  const tooMany: LowerIsolated = (isolated, variant, target) =>
    lowerIsolated(isolated, variant, target).map(({ kernel, tensors }) => ({
      kernel: variant === broken ? { ...kernel, workgroups: [70_000, 1, 1] } : kernel,
      tensors,
    }))
  const [, trial] = await measureVariants(device, forward, [direct, broken], { rounds: 1, lower: tooMany })
  expect(trial).toMatchObject({ ms: null, rejected: expect.stringContaining('70000') })
  device.check()
})

test('a variant that cannot be lowered is rejected, and one that is trusted may not fail', async () => {
  const tile: Variant = { kind: 'tile', rows: 48, columns: 48, depth: 16, height: 8 }
  const [, trial] = await measureVariants(device, forward, [direct, tile], { rounds: 1 })
  expect(trial).toMatchObject({ ms: null, rejected: expect.stringContaining('cannot be shared out') })
  const lower = breaking(() => 'no shader')
  await expect(measureVariants(device, forward, [broken, direct], { rounds: 1, lower })).rejects.toMatchObject({
    code: 'GPU_VALIDATION',
  })
  device.check()
})

test('the fastest trial wins by more than chance, in most of its rounds, or the first one stays', () => {
  const trial = (name: string, ms: number | null, share: number | null): Trial => ({
    variant: direct,
    name,
    ms,
    share,
    rejected: ms === null ? 'it is wrong' : null,
  })
  const first = trial('first', 10, 1)
  const chosen = (...others: Trial[]): string => choose([first, ...others]).chosen.name
  expect(chosen()).toBe('first')
  expect(chosen(trial('faster', 9, 0.9), trial('fastest', 8, 0.85))).toBe('fastest')
  expect(chosen(trial('hardly faster', 9.8, 0.98))).toBe('first')
  expect(chosen(trial('faster by median only', 9, 1.1))).toBe('first')
  expect(chosen(trial('wrong', null, null))).toBe('first')
})

/** Two linear layers in a row, as convolutions of the same shape, and their gradients. */
function smallNetwork(): Graph {
  const graph = new Graph()
  const filterOf = (name: string, offset: number): Tensor => ({
    name,
    shape: [1, 1, 12, 12],
    type: 'f32',
    place: { in: 'parameters', offset },
  })
  const filters = [filterOf('one.weight', 0), filterOf('two.weight', 192)]
  const x = graph.io('x', [1, 3, 3, 12])
  const y = filters.reduce((input, filter) => conv2d(graph, { x: input, filter }), x)
  backward(graph, graph.keep(y), graph.io('dy', y.shape), new Set(filters))
  return graph
}

test('tuning a network measures each distinct pass once, and what is compiled next uses the answer', async () => {
  const tuned = await autotune(device, [smallNetwork()], { rounds: 1 })
  const problem: Conv2d = { n: 9, h: 1, w: 1, ci: 12, co: 12, kernel: 1, stride: 1, padding: 0 }
  const open = passes.filter((pass) => candidates(pass, problem, device.target).length > 1)
  // The image needs no gradient, so only one convolution has that of its input.
  const expected = { forward: ['one', 2], inputGradient: ['two', 1], filterGradient: ['two', 2] } as const
  expect(new Map(tuned.map(({ pass, layer, count }) => [pass, [layer, count]]))).toEqual(
    new Map(open.map((pass) => [pass, expected[pass]])),
  )
  for (const { pass, problem: found, heuristic, chosen, trials } of tuned) {
    expect(found).toEqual(problem)
    expect(heuristic.variant).toEqual(variantFor(pass, problem, { ...device.adapter, choices: null }))
    expect(trials.map(({ rejected }) => rejected)).toEqual(trials.map(() => null))
    expect(variantFor(pass, problem, device.target)).toEqual(chosen.variant)
  }
  expect(await autotune(device, [smallNetwork()])).toEqual([])
  device.choices = null
})

test('a device compiles what was chosen for it, and goes back to the heuristic where the choice is no candidate any more', () => {
  const [heuristic, other] = candidates('forward', c, { ...device.adapter, choices: null })
  if (!heuristic || !other) return
  const choices = new Choices(device.target)
  const graph = new Graph()
  const filter: Tensor = { name: 'w', shape: [3, 3, 8, 12], type: 'f32', place: { in: 'parameters', offset: 0 } }
  graph.keep(conv2d(graph, { x: graph.io('x', [3, 7, 5, 8]), filter, stride: 2, padding: 1 }))
  const wgsl = (): string | undefined => compile(device, 'one convolution', graph).dispatches[0]?.kernel.wgsl
  const of = (variant: Variant): string | undefined => lowerIsolated(forward, variant, device.target)[0]?.kernel.wgsl
  device.choices = choices
  choices.set('forward', c, other)
  expect(wgsl()).toBe(of(other))
  choices.set('forward', c, { kind: 'direct', rows: 1000 })
  expect(wgsl()).toBe(of(heuristic))
  device.choices = null
  expect(wgsl()).toBe(of(heuristic))
  expect(variantName(other)).not.toBe(variantName(heuristic))
})
