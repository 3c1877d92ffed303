/**
 * A kernel is a value: WGSL for fixed shapes, the buffers it binds, and how many workgroups cover it. Pure functions make
 * kernels; nothing here touches a device.
 *
 * Layout, everywhere on the device: activations are NHWC and filters are matrices [kh·kw·ci, co] (HWIO). Channels are
 * padded with zeros to a multiple of 4, so that every access is a vec4 of neighbouring channels.
 */
import type { VariantChoices } from './conv2d/conv2d.variants.ts'

export type Access = 'read' | 'write' | 'read_write'

export interface Binding {
  name: string
  /** WGSL type of the whole binding, e.g. array<vec4f>. */
  type: string
  access: Access
}

export interface Kernel {
  name: string
  wgsl: string
  /** In order of @binding. */
  bindings: readonly Binding[]
  workgroups: readonly [x: number, y: number, z: number]
  /** Multiply-adds count two. */
  flops: number
  /** Least traffic to and from memory. */
  bytes: number
  /** Workgroup memory of one workgroup, where it uses any. */
  workgroupBytes?: number
  /** Cheap, writes one tensor, and depends on nothing but its inputs: running it again costs less than keeping what it wrote. */
  recomputable?: boolean
}

/** A product of two matrices of side × side components, summed in f32, that a subgroup can do at once. */
export interface MatrixUnit {
  component: 'f16' | 'f32'
  side: 8 | 16
}

/** What variant selection needs to know of the adapter. */
export interface Target {
  software: boolean
  subgroupSize: number | null
  /** Products that the adapter has units for; none where this is left out. */
  matrixUnits?: readonly MatrixUnit[]
  /** What has been measured to be fastest there; without it, and where it knows nothing, heuristics choose. */
  choices?: VariantChoices | null
}

export const read = (name: string, type = 'array<vec4f>'): Binding => ({ name, type, access: 'read' })
export const write = (name: string, type = 'array<vec4f>'): Binding => ({ name, type, access: 'write' })
export const readWrite = (name: string, type = 'array<vec4f>'): Binding => ({ name, type, access: 'read_write' })

/** How an activation is stored. What is computed with it is f32 either way. */
export type ActivationType = 'f32' | 'f16'

/** How the text of a kernel binds, reads and writes activations, in vec4s of neighbouring channels. */
export interface ActivationText {
  array: string
  /** Of one number. */
  bytes: number
  /** An element as a vec4f. */
  load(element: string): string
  /** A vec4f as an element: rounded to nearest, ± infinity beyond ± 65504. */
  store(value: string): string
}

const texts: Record<ActivationType, ActivationText> = {
  f32: { array: 'array<vec4f>', bytes: 4, load: (element) => element, store: (value) => value },
  f16: {
    array: 'array<vec4h>',
    bytes: 2,
    load: (element) => `vec4f(${element})`,
    store: (value) => `vec4h(${value})`,
  },
}

export const activations = (type: ActivationType = 'f32'): ActivationText => texts[type]

/** Whether a binding holds numbers of two bytes, for which a device needs `shader-f16`. */
export const holdsHalves = ({ type }: Binding): boolean => type === texts.f16.array

/**
 * The WGSL declarations of a binding table, and what they need enabled. All are read_write: tensors share one arena buffer, and WebGPU forbids a
 * buffer to be bound read-only and writable in one dispatch, even at disjoint ranges.
 */
export const declare = (bindings: readonly Binding[]): string =>
  (bindings.some(holdsHalves) ? 'enable f16;\n' : '') +
  bindings.map((b, i) => `@group(0) @binding(${i}) var<storage, read_write> ${b.name}: ${b.type};`).join('\n')

/** Most workgroups WebGPU dispatches along one dimension. */
export const maxWorkgroups = 65535

/** Invocations of a workgroup in kernels that give each element one invocation. */
export const lanes = 64

/** Workgroups that cover n elements, folded over two dimensions. Pairs with `elementIndex`. */
export function cover(n: number): [number, number, number] {
  const groups = Math.ceil(n / lanes)
  const rows = Math.ceil(groups / maxWorkgroups)
  return [Math.ceil(groups / rows), rows, 1]
}

/**
 * Head of an elementwise entry point: leaves `i`, the element, and returns where it is past `count`, a number or WGSL. Taken from
 * the length of a buffer, it leaves one kernel to compile for all sizes.
 */
export const elementMain = (count: number | string): string => /* wgsl */ `
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${lanes}u + id.x;
  if (i >= ${typeof count === 'number' ? `${count}u` : count}) { return; }`

/** Joins f(0) … f(n−1), one a line: for unrolled blocks. */
export const unroll = (n: number, line: (i: number) => string, separator = '\n'): string =>
  Array.from({ length: n }, (_, i) => line(i)).join(separator)

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b)

/** Channels as stored: padded to whole vec4s. */
export const padded = (channels: number): number => ceilDiv(channels, 4) * 4
