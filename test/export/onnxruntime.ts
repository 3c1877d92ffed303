/** Running an exported network in onnxruntime-node, which is installed apart from the workspace (test/bench/peer-packages.ts). */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Arch, type Head, imagenetPreprocessing, ResNet, type SavedModel } from '@sporeprint/engine'
import { reference } from '../parity/internals.ts'

/** The part of onnxruntime-node 1.30 that is used here. */
export interface Ort {
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object
  InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: readonly string[]; logSeverityLevel: number },
    ): Promise<OrtSession>
  }
}

export interface OrtSession {
  run(inputs: Record<string, object>): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>
}

export const loadOnnxruntime = (peers: string): Ort => createRequire(join(peers, 'package.json'))('onnxruntime-node')

interface FormulaNetwork {
  arch: Arch
  head: Head
  classes: string[]
  size: number
}

/** A network with the weights of the formula, as a file would give it. */
export function formulaModel({ arch, head, classes, size }: FormulaNetwork): SavedModel {
  const weights = [...new ResNet({ arch, head, classes }).weights()]
  const preprocessing = { ...imagenetPreprocessing, size, crop: 1, interpolation: 'bilinear' } as const
  const tensors = weights.map(
    ({ name, shape }): [string, { shape: readonly number[]; values: Float32Array<ArrayBuffer> }] => [
      name,
      { shape, values: Float32Array.from(reference.formulaParameter(name, shape)) },
    ],
  )
  return { path: arch, arch, head, classes, preprocessing, calibration: null, tensors: new Map(tensors), metadata: {} }
}

/** Images [n, size, size, 3] as [n, 3, size, size]. */
export function planar(images: ArrayLike<number>, size: number): Float32Array {
  const pixels = size * size
  return Float32Array.from({ length: images.length }, (_, i) => {
    const channel = Math.floor(i / pixels) % 3
    return images[(Math.floor(i / (3 * pixels)) * pixels + (i % pixels)) * 3 + channel] ?? 0
  })
}
