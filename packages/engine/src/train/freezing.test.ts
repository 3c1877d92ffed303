/** What moves while stages are frozen, what of it is computed, and that features kept of a still body change no bit. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile } from '../compile/program.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { type Frozen, normPolicies, type Stage } from '../nn/freezing.ts'
import { type Head, ResNet } from '../nn/resnet.ts'
import { trainingGraph } from './graphs.ts'
import { Learner } from './learner.ts'
import type { LearnerOptions } from './learner-options.ts'
import type { FitOptions } from './phases.ts'
import { colouredSource } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const train = colouredSource(8, 32)
/** A last batch that is partial. */
const valid = colouredSource(4, 32, 2)
const modelOf = (head: Head): ResNet => new ResNet({ arch: 'resnet18', classes: train.classes, head })

const createLearner = (options: Partial<LearnerOptions> = {}, head: Head = 'linear'): Promise<Learner> =>
  Learner.create(device, modelOf(head), { train, valid, batch: 8, seed: 7, ...options })

/** What training leaves: reports without times, losses of steps, and all buffers. */
async function trained(learner: Learner, fits: Partial<FitOptions>[]) {
  const epochs: unknown[] = []
  const losses: number[] = []
  for (const fit of fits) {
    const onStep = ({ loss }: { loss: number }): void => void losses.push(loss)
    for await (const { seconds, ...epoch } of learner.fit({ epochs: 2, rate: 1e-3, onStep, ...fit })) epochs.push(epoch)
  }
  const buffers = [await learner.store.readAll('parameters'), await learner.store.readAll('states')]
  learner.destroy()
  return { epochs, losses, buffers }
}

/** By stage, whether filters (or the head's matrix), batch norms' γ, and running statistics have moved. */
const probes = [
  ['conv1.weight', 'bn1.weight', 'bn1.running_mean'],
  ['layer2.0.conv1.weight', 'layer2.0.bn1.weight', 'layer2.0.bn1.running_var'],
  ['layer3.0.downsample.0.weight', 'layer3.0.downsample.1.weight', 'layer3.0.downsample.1.running_mean'],
  ['layer4.1.conv2.weight', 'layer4.1.bn2.weight', 'layer4.1.bn2.running_var'],
] as const

const [nothing, statistics, norms, all] = ['···', '··s', '·ns', 'fns']

test.each<[Frozen, string[]]>([
  [{ below: 'head', norms: 'train' }, [norms, norms, norms, norms]],
  [{ below: 'head', norms: 'statistics' }, [statistics, statistics, statistics, statistics]],
  [{ below: 'head', norms: 'frozen' }, [nothing, nothing, nothing, nothing]],
  [{ below: 'layer3', norms: 'train' }, [norms, norms, all, all]],
  [{ below: 'layer3', norms: 'statistics' }, [statistics, statistics, all, all]],
  [{ below: 'layer4', norms: 'frozen' }, [nothing, nothing, nothing, all]],
])('of a network with %j, what is to learn learns and nothing else moves', async (frozen, expected) => {
  const learner = await createLearner()
  const before = await learner.stateDict()
  for await (const epoch of learner.fit({ epochs: 1, rate: 1e-3, frozen })) expect(epoch.phase).toBe('frozen')
  const after = await learner.stateDict()
  learner.destroy()
  const moved = (name: string): boolean => before.get(name)!.values.some((v, i) => v !== after.get(name)!.values[i])
  expect(probes.map((names) => names.map((name, i) => (moved(name) ? 'fns'[i] : '·')).join(''))).toEqual(expected)
  expect(moved('fc.weight')).toBe(true)
})

test('the less is to learn, the less is computed and kept', () => {
  const step = (frozen: Frozen | false) => {
    const options = { optimizer: 'adamw', labelSmoothing: 0.1, frozen } as const
    const { dispatches, plan } = compile(
      device,
      'step',
      trainingGraph(modelOf('concat'), { batch: 8, size: 64 }, options).graph,
    )
    const count = (pattern: RegExp): number => dispatches.filter(({ kernel }) => pattern.test(kernel.name)).length
    const backward = count(/inputGradient|filterGradient|gradientParts/i)
    return {
      backward,
      filters: count(/filterGradient/i),
      flops: dispatches.reduce((sum, d) => sum + d.kernel.flops, 0),
      bytes: plan.arenaBytes,
    }
  }
  const unfrozen = step(false)
  const of = (below: Stage) => normPolicies.map((norms) => step({ below, norms }))
  const [norms, statistics, still] = of('head') as [typeof unfrozen, typeof unfrozen, typeof unfrozen]
  // Two linear layers, whose product with the features is a convolution, and the two batch norms between them.
  expect(statistics.backward).toBe(still.backward)
  expect(statistics.filters).toBe(norms.filters)
  expect(norms.backward).toBeGreaterThan(statistics.backward)
  expect(norms.flops).toBeLessThan(0.8 * unfrozen.flops)
  expect(statistics.flops).toBeLessThan(0.6 * norms.flops)
  expect(still.flops).toBeLessThanOrEqual(statistics.flops)
  expect(still.bytes).toBeLessThan(0.6 * unfrozen.bytes)
  for (const frozen of [...of('head'), ...of('layer3')]) expect(frozen.bytes).toBeLessThanOrEqual(unfrozen.bytes)
})

const frozen: Frozen = { below: 'head', norms: 'frozen' }

test.each(['linear', 'concat'] as const)(
  'a %s head on features kept of a still body has the bits of the whole network',
  async (head) => {
    // Frozen, unfrozen and frozen again: what is kept must not outlive the body that made it.
    const fits: Partial<FitOptions>[] = [{ frozen }, { epochs: 1 }, { frozen, epochs: 1 }]
    const kept = await trained(await createLearner({}, head), fits)
    const whole = await trained(await createLearner({ cacheFeatures: false }, head), fits)
    expect(kept.epochs).toHaveLength(4)
    expect(kept.losses).toHaveLength(12)
    expect(kept).toEqual(whole)
  },
)

test('a learner that never learns the body plans less memory, and does the same; asked for more it finds the memory', async () => {
  const free = await createLearner()
  const spared = await createLearner({ frozen })
  expect(spared.peakBytes).toBeLessThan(free.peakBytes)
  const fits: Partial<FitOptions>[] = [
    { frozen, epochs: 1 },
    { frozen: false, epochs: 1 },
  ]
  expect(await trained(spared, fits)).toEqual(await trained(free, fits))
})

test('weights that are loaded, and a checkpoint that is restored, make new features', async () => {
  const source = await createLearner({ seed: 8 })
  const other = await source.stateDict()
  source.destroy()
  const learner = await createLearner()
  for await (const _ of learner.fit({ epochs: 1, rate: 1e-3, frozen }));
  learner.load(other)
  const fresh = await createLearner({ cacheFeatures: false })
  fresh.load(other)
  for (const one of [learner, fresh]) one.restore({ ...one.progress, epoch: 3, step: 9 })
  expect(await trained(learner, [{ frozen }])).toEqual(await trained(fresh, [{ frozen }]))
})

test('features kept in mixed precision are those of f16, and of f32 for validation', async () => {
  const fits = [{ frozen }]
  const kept = await trained(await createLearner({ precision: 'mixed' }), fits)
  const whole = await trained(await createLearner({ precision: 'mixed', cacheFeatures: false }), fits)
  expect(kept).toEqual(whole)
})
