import { expect, test } from 'vitest'
import { argmax, logSumExp, softmax } from '../index.ts'

test('softmax turns each row of logits into probabilities', () => {
  const probabilities = softmax([0, Math.log(3), Math.log(2), Math.log(2)], 2)
  expect(probabilities[0]).toBeCloseTo(0.25, 15)
  expect(probabilities[1]).toBeCloseTo(0.75, 15)
  expect(probabilities[2]).toBe(0.5)
  expect(probabilities[3]).toBe(0.5)
})

test('softmax neither overflows nor loses a row of very negative logits', () => {
  expect([...softmax([1000, 1000, -1000, -1000], 2)]).toEqual([0.5, 0.5, 0.5, 0.5])
})

test('softmax refuses rows that do not fit and a temperature of 0', () => {
  expect(() => softmax([1, 2, 3], 2)).toThrow('logits holds 3 numbers: rows of 2 classes do not fill it')
  expect(() => softmax([1, 2], 0)).toThrow('classes is 0')
  expect(() => softmax([1, 2], 2, 0)).toThrow('temperature is 0: it must be above 0')
})

test('logSumExp of one logit is that logit', () => {
  expect(logSumExp(new Float32Array([9, -3.5]), 1, 1)).toBe(-3.5)
})

test('argmax takes the first of equal values and counts from the offset', () => {
  expect(argmax([5, 1, 2, 2], 1, 3)).toBe(1)
  expect(argmax([0, 0, 0], 0, 3)).toBe(0)
})
