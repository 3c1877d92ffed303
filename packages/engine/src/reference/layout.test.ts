import { expect, test } from 'vitest'
import { formulaLabels, formulaParameter, formulaPixels } from './formula-weights.ts'
import { hwioToOihw, nchwToNhwc, oihwToHwio, transpose } from './layout.ts'

const count = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => i)

test('OIHW filters become [h, w, i, o] matrices and come back', () => {
  // [o 2, i 3, h 1, w 2]: element (o, i, 0, w) is 6·o + 2·i + w.
  const hwio = oihwToHwio([2, 3, 1, 2], count(12))
  expect([...hwio]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11])
  expect(hwioToOihw([2, 3, 1, 2], hwio)).toEqual(count(12))
})

test('NCHW images become NHWC, and a matrix is transposed', () => {
  expect([...nchwToNhwc([1, 2, 1, 3], count(6))]).toEqual([0, 3, 1, 4, 2, 5])
  expect([...transpose(2, 3, count(6))]).toEqual([0, 3, 1, 4, 2, 5])
})

test('formula numbers are those that the Python twin computes', () => {
  expect([...formulaParameter('conv1.weight', [64, 3, 7, 7]).subarray(0, 3)]).toEqual([
    0.18361294269561768, 0.12483789771795273, -0.17374534904956818,
  ])
  expect([...formulaParameter('layer1.0.bn3.weight', [256]).subarray(0, 3)]).toEqual([
    0.24908603727817535, 0.24786292016506195, 0.24848467111587524,
  ])
  expect([...formulaParameter('bn1.bias', [64]).subarray(0, 3)]).toEqual([
    1.9120140075683594, 1.9156732559204102, 2.3307244777679443,
  ])
  expect([...formulaParameter('bn1.running_var', [64]).subarray(0, 3)]).toEqual([
    1.4461426734924316, 1.057984709739685, 1.0018213987350464,
  ])
  expect([...formulaPixels(5, 2, 3).subarray(0, 6)]).toEqual([225, 233, 125, 109, 12, 122])
  expect([...formulaLabels(0, 8, 9)]).toEqual([8, 8, 3, 0, 2, 6, 0, 0])
})
