import type { TuneBench } from '@sporeprint/engine/node'
import { expect, test } from 'vitest'
import { tuneLines } from './bench-tables.ts'

const adapter = { name: 'a GPU' } as TuneBench['adapter']
const heuristic = {
  variant: { kind: 'direct', rows: 4 },
  name: 'direct, rows 4',
  ms: 3,
  share: 1,
  rejected: null,
} as const
const faster = { ...heuristic, name: 'direct, rows 8', ms: 2, share: 0.7 }
const wrong = {
  ...heuristic,
  name: 'direct, rows 2',
  ms: null,
  share: null,
  rejected: 'element 0 of y is 1, not 2 ± 0.1',
}
const problem = { n: 16, h: 8, w: 8, ci: 64, co: 128, kernel: 3, stride: 2, padding: 1 }

test('tuning is told by pass, with what was chosen and by how much it is faster, and what was rejected and why', () => {
  const trials = [heuristic, faster, wrong]
  const passes = [
    { pass: 'forward', problem, layer: 'layer2.0.conv1', count: 1, heuristic, chosen: faster, trials },
    { pass: 'filterGradient', problem, layer: 'conv1', count: 2, heuristic, chosen: heuristic, trials: [heuristic] },
  ] as const
  const bench = {
    adapter,
    arch: 'resnet18',
    size: 64,
    batch: 16,
    heuristicMs: 9,
    chosenMs: 8,
    passes: [...passes],
  } as const
  const [title, table = '', ...rejected] = tuneLines(bench as unknown as TuneBench)
  expect(title).toBe(
    'a GPU: resnet18, 64 px, batch 16; convolutions of a step 9.0 ms by the heuristic, 8.0 ms as chosen',
  )
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  expect(rows[2]?.slice(1, -1)).toEqual([
    'forward',
    'layer2.0.conv1',
    '16×8×8×64 → 128, 3×3, stride 2',
    'direct, rows 4',
    'direct, rows 8',
    '1',
    '3.000',
    '2.000',
    '50.0 %',
  ])
  expect(rows[3]?.slice(4, -1)).toEqual(['direct, rows 4', 'the same', '2', '3.000', '3.000', '0.0 %'])
  expect(rejected).toEqual([
    'Never chosen: forward of layer2.0.conv1 by direct, rows 2: element 0 of y is 1, not 2 ± 0.1',
  ])
  expect(tuneLines({ ...bench, passes: [] })).toEqual([expect.stringContaining('no convolution has more than one')])
})
