/**
 * torchvision's ResNet v1.5 as calls to somebody else's layers: one description for every contender that has no model of its
 * own, by torchvision's names.
 */
import type { Workload } from './contender.ts'

/** What a framework must offer; T is its tensor. */
export interface Layers<T> {
  /** Convolution without bias by `${conv}.weight`, OIHW of `shape`, padded by half its kernel; then batch norm `norm`. */
  convNorm(x: T, conv: string, norm: string, shape: readonly [number, number, number, number], stride: number): T
  relu(x: T): T
  add(a: T, b: T): T
  /** 3 × 3, stride 2, padding 1. */
  maxPool(x: T): T
  /** Mean over the feature maps, then the linear layer `fc` from `features`. */
  classify(x: T, features: number): T
}

/** Logits of the images `x`. */
export function resNet<T>(arch: Workload['arch'], layers: Layers<T>, x: T): T {
  const bottleneck = arch === 'resnet50'
  const blocks = bottleneck ? [3, 4, 6, 3] : [2, 2, 2, 2]
  let y = layers.maxPool(layers.relu(layers.convNorm(x, 'conv1', 'bn1', [64, 3, 7, 7], 2)))
  let channels = 64
  for (const [stage, count] of blocks.entries()) {
    const width = 64 * 2 ** stage
    const out = bottleneck ? 4 * width : width
    for (let i = 0; i < count; i++) {
      const name = `layer${stage + 1}.${i}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const body: [co: number, ci: number, kernel: number, stride: number][] = bottleneck
        ? [
            [width, channels, 1, 1],
            [width, width, 3, stride],
            [out, width, 1, 1],
          ]
        : [
            [width, channels, 3, stride],
            [out, width, 3, 1],
          ]
      let z = y
      for (const [j, [co, ci, kernel, s]] of body.entries()) {
        z = layers.convNorm(z, `${name}.conv${j + 1}`, `${name}.bn${j + 1}`, [co, ci, kernel, kernel], s)
        if (j < body.length - 1) z = layers.relu(z)
      }
      const projected = channels !== out || stride !== 1
      const shortcut = projected
        ? layers.convNorm(y, `${name}.downsample.0`, `${name}.downsample.1`, [out, channels, 1, 1], stride)
        : y
      y = layers.relu(layers.add(z, shortcut))
      channels = out
    }
  }
  return layers.classify(y, channels)
}

/** Every tensor of the network with its shape in PyTorch's layout: parameters, and apart from them running statistics. */
export function tensorsOf(arch: Workload['arch'], classes: number) {
  const parameters = new Map<string, readonly number[]>()
  const states = new Map<string, readonly number[]>()
  resNet<null>(
    arch,
    {
      convNorm(_, conv, norm, shape) {
        parameters.set(`${conv}.weight`, shape)
        for (const kind of ['weight', 'bias']) parameters.set(`${norm}.${kind}`, [shape[0]])
        for (const kind of ['running_mean', 'running_var']) states.set(`${norm}.${kind}`, [shape[0]])
        return null
      },
      relu: () => null,
      add: () => null,
      maxPool: () => null,
      classify(_, features) {
        parameters.set('fc.weight', [classes, features])
        parameters.set('fc.bias', [classes])
        return null
      },
    },
    null,
  )
  return { parameters, states }
}

/** Number of values in tensors of these shapes. */
export function countOf(shapes: Iterable<readonly number[]>): number {
  let count = 0
  for (const shape of shapes) count += shape.reduce((a, b) => a * b, 1)
  return count
}
