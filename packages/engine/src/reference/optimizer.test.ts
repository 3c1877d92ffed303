import { expect, test } from 'vitest'
import { adamw, sgd } from './optimizer.ts'

const f64 = (...values: number[]): Float64Array => Float64Array.from(values)

test('the first step of AdamW shrinks by rate·decay, then moves by rate against the sign of the gradient', () => {
  const [parameter, m, v] = [f64(1), f64(0), f64(0)] as const
  adamw({ rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0, decay: 0.5 }, 1, parameter, f64(-4), m, v)
  expect(m[0]).toBeCloseTo(-0.4, 14)
  expect(v[0]).toBeCloseTo(0.16, 14)
  expect(parameter[0]).toBeCloseTo(0.95 + 0.1, 14)
})

test('the second step of AdamW corrects both moments for their start at zero', () => {
  const [parameter, m, v] = [f64(0), f64(0.5), f64(0.25)] as const
  // m = .5·.5 + .5·1 = .75, ÷ (1 − .25) = 1;  v = .75·.25 + .25·1 = .4375, ÷ (1 − .5625) = 1.
  adamw({ rate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 1, decay: 0 }, 2, parameter, f64(1), m, v)
  expect(parameter[0]).toBeCloseTo(-0.05, 14)
})

test('SGD adds the decayed parameter to the gradient before momentum', () => {
  const [parameter, m] = [f64(2), f64(10)] as const
  // m = .9·10 + 3 + .5·2 = 13.
  sgd({ rate: 0.1, momentum: 0.9, decay: 0.5 }, parameter, f64(3), m)
  expect(m[0]).toBeCloseTo(13, 14)
  expect(parameter[0]).toBeCloseTo(0.7, 14)
})

test('Nesterov’s momentum looks one step ahead', () => {
  const [parameter, m] = [f64(2), f64(10)] as const
  // g = 3 + .5·2 = 4; m = .9·10 + 4 = 13; the move is g + .9·13 = 15.7.
  sgd({ rate: 0.1, momentum: 0.9, decay: 0.5, nesterov: true }, parameter, f64(3), m)
  expect(m[0]).toBeCloseTo(13, 14)
  expect(parameter[0]).toBeCloseTo(0.43, 14)
})
