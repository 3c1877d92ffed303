/**
 * What a forward pass does with its sums besides storing them, while they are still in registers:
 *
 *   moments     training: also leaves partial statistics of y for the batch norm that follows, so that y is not read for them.
 *               Each invocation makes a part of the rows it holds, which are a tile's pixels under Winograd. They are of the sums
 *               in f32, whatever y is stored as: running statistics are for networks in f32.
 *   normalise   evaluation: y = γ·(sum − running mean)/√(running variance + ε) + β, then a ReLU, or the shortcut's sum and a ReLU:
 *               the batch norm folded into the convolution, its vectors loaded once an invocation.
 */
import { epsilon, type Moments, neighbours, type Tail, withTail } from '../batch-norm.ts'
import { type ActivationText, type Binding, ceilDiv, read, unroll, write } from '../kernel.ts'
import { tileLayout } from './conv2d.tile.ts'
import { type Conv2d, outputSize, type Variant } from './conv2d.ts'

export type Epilogue = { kind: 'none' } | { kind: 'moments' } | { kind: 'normalise'; tail: Tail }

export const none: Epilogue = { kind: 'none' }

/** Bindings between the filter and y, and those after y. */
export function epilogueBindings(
  epilogue: Epilogue,
  { array }: ActivationText,
): { before: Binding[]; after: Binding[] } {
  if (epilogue.kind === 'moments') return { before: [], after: [write('parts')] }
  if (epilogue.kind === 'none') return { before: [], after: [] }
  const vectors = ['runningMean', 'runningVariance', 'gamma', 'beta'].map((name) => read(name))
  return { before: [...vectors, ...(epilogue.tail === 'shortcut' ? [read('shortcut', array)] : [])], after: [] }
}

export const epilogueName = (epilogue: Epilogue): string => {
  if (epilogue.kind === 'none') return ''
  return epilogue.kind === 'moments' ? '.moments' : `.normalise${epilogue.tail === 'none' ? '' : `.${epilogue.tail}`}`
}

/** How the `moments` of a variant's invocations lie, and in blocks of how many neighbouring rows. */
export function momentsLeft(variant: Variant, c: Conv2d): { moments: Moments; block: number } {
  const { oh, ow } = outputSize(c)
  const rows = c.n * oh * ow
  switch (variant.kind) {
    case 'winograd': {
      const [th, tw] = [ceilDiv(oh, 2), ceilDiv(ow, 2)]
      const rowsOf = `min(2u, ${oh}u - part / ${tw}u % ${th}u * 2u) * min(2u, ${ow}u - part % ${tw}u * 2u)`
      return { moments: { parts: c.n * th * tw, rowsOf }, block: oh % 2 === 0 ? 2 * ow : oh * ow }
    }
    case 'tile':
    case 'matrix': {
      const { down } = tileLayout(variant)
      const rowsOf = `(min(${variant.rows}u, ROWS - part / ${down}u * ${variant.rows}u) + ${down - 1}u - part % ${down}u) / ${down}u`
      return { moments: { parts: ceilDiv(rows, variant.rows) * down, rowsOf }, block: variant.rows }
    }
    case 'broadcast':
    case 'direct':
      return { moments: neighbours(rows, variant.rows), block: variant.rows }
  }
}

/**
 * WGSL that stores an invocation's sums c0 … c‹count − 1› of `column`, if they are real. `rowOf(i)` is the row of c‹i›, `at(row)` its place in y
 * in pixels, `part` the part of the moments: WGSL all. `every`: no row can lie past the end.
 */
export function store(
  epilogue: Epilogue,
  count: number,
  image: ActivationText,
  where: { rowOf: (i: number) => string; at: (row: string) => string; part: string; every: boolean },
): string {
  const { rowOf, at, part, every } = where
  const stores = unroll(
    count,
    (i) => `let to${i} = ${rowOf(i)};
    if (to${i} < ROWS) { let at = ${at(`to${i}`)} * CO4 + column; y[at] = ${image.store(value(epilogue, `c${i}`, image))}; }`,
    '\n    ',
  )
  switch (epilogue.kind) {
    case 'none':
      return stores
    case 'normalise':
      return /* wgsl */ `let mean = runningMean[column];
    let scale = inverseSqrt(runningVariance[column] + ${epsilon}) * gamma[column];
    let shift = beta[column];
    ${stores}`
    case 'moments': {
      // A row past the end holds what is no part of y.
      const only = (i: number, v: string): string => (every ? v : `select(vec4f(), ${v}, to${i} < ROWS)`)
      const rows = every ? `${count}f` : unroll(count, (i) => `f32(to${i} < ROWS)`, ' + ')
      return /* wgsl */ `${stores}
    let sum = ${unroll(count, (i) => only(i, `c${i}`), ' + ')};
    let rows = ${rows};
    let mean = sum / max(rows, 1);
    ${unroll(count, (i) => `let d${i} = ${only(i, `c${i} - mean`)};`, '\n    ')}
    // Workgroups past the last row have no part.
    if (${part} < arrayLength(&parts) / (2u * CO4)) {
      parts[${part} * 2u * CO4 + column] = sum;
      parts[(${part} * 2u + 1u) * CO4 + column] = ${unroll(count, (i) => `d${i} * d${i}`, ' + ')};
    }`
    }
  }
}

function value(epilogue: Epilogue, c: string, image: ActivationText): string {
  if (epilogue.kind !== 'normalise') return c
  return withTail(epilogue.tail, `(${c} - mean) * scale + shift`, image)
}
