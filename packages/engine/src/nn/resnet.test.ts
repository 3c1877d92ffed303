import { expect, test } from 'vitest'
import { elementsOf } from '../graph/tensor.ts'
import { fromDevice, initialise, toDevice } from './parameters.ts'
import { ResNet } from './resnet.ts'

const thousand = Array.from({ length: 1000 }, (_, i) => `class ${i}`)

test.each([
  ['resnet18', 11_689_512],
  ['resnet34', 21_797_672],
  ['resnet50', 25_557_032],
] as const)('%s has the parameters that torchvision counts', (arch, count) => {
  expect(new ResNet({ arch, classes: thousand, head: 'linear' }).parameterCount).toBe(count)
})

test('names, shapes and the stride of a bottleneck are those of torchvision', () => {
  const model = new ResNet({ arch: 'resnet50', classes: ['a', 'b'], head: 'linear' })
  expect([...model.parameters.keys()].slice(0, 4)).toEqual([
    'conv1.weight',
    'bn1.weight',
    'bn1.bias',
    'layer1.0.conv1.weight',
  ])
  expect(model.parameters.get('layer2.0.conv2.weight')?.shape).toEqual([128, 128, 3, 3])
  expect(model.parameters.get('layer1.0.downsample.0.weight')?.shape).toEqual([256, 64, 1, 1])
  expect(model.states.get('layer4.2.bn3.running_var')?.shape).toEqual([2048])
  expect(model.parameters.size + model.states.size).toBe(267) // torchvision's 320 without num_batches_tracked
})

test('no two tensors of the flat buffers overlap, and each stretch is of one kind', () => {
  const model = new ResNet({ arch: 'resnet18', classes: ['a', 'b', 'c'], head: 'concat' })
  const spans = [...model.parameters.values()].map(({ tensor, group, decay, bodyNorm }) => {
    if (tensor.place.in !== 'parameters') throw new Error(`${tensor.name} is not among the parameters`)
    return { start: tensor.place.offset, end: tensor.place.offset + elementsOf(tensor), group, decay, bodyNorm }
  })
  spans.sort((a, b) => a.start - b.start)
  for (const [i, span] of spans.entries()) expect(span.start).toBeGreaterThanOrEqual(spans[i - 1]?.end ?? 0)
  for (const { offset, elements, group, decay, bodyNorm } of model.stretches) {
    const inside = spans.filter((span) => span.start >= offset && span.end <= offset + elements)
    expect(inside.length).toBeGreaterThan(0)
    for (const span of inside) expect(span).toMatchObject({ group, decay, bodyNorm })
  }
})

test('a filter goes to the device and comes back unchanged, its padding zero', () => {
  const model = new ResNet({ arch: 'resnet18', classes: ['a', 'b', 'c'], head: 'linear' })
  for (const name of ['conv1.weight', 'fc.weight', 'fc.bias']) {
    const weight = model.parameters.get(name)
    if (!weight) throw new Error(name)
    const values = initialise(weight, 3)
    const stored = toDevice(weight, values)
    expect(fromDevice(weight, stored)).toEqual(values)
    expect(stored.filter((v) => v !== 0).length).toBe(values.length)
  }
})

test('fresh filters are normal with the deviation of their fan out, and a pure function of the seed', () => {
  const model = new ResNet({ arch: 'resnet18', classes: ['a', 'b'], head: 'linear' })
  const weight = model.parameters.get('layer2.1.conv1.weight')
  if (!weight) throw new Error('missing')
  const values = initialise(weight, 42)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
  const wanted = Math.sqrt(2 / (9 * 128))
  // Of 147,456 draws: five standard errors.
  expect(Math.abs(mean)).toBeLessThan((5 * wanted) / Math.sqrt(values.length))
  expect(Math.abs(std / wanted - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length))
  expect(initialise(weight, 42)).toEqual(values)
  expect(initialise(weight, 43)).not.toEqual(values)
})
