import { describe, expect, it } from 'vitest'
import { permutation, philox, wordOfText } from './random.ts'

describe('philox', () => {
  it('gives the published known answers of Random123 for Philox4x32-10', () => {
    expect(philox(0, 0, 0, 0, 0, 0)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    expect(philox(ones, ones, ones, ones, ones, ones)).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])
    expect(philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0)).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ])
  })
})

describe('permutation', () => {
  it('holds every index once', () => {
    for (const n of [0, 1, 2, 7, 1000]) {
      expect([...permutation(n, 42, 3)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
    }
  })

  it('is the same for the same seed and epoch, and another for another seed or epoch', () => {
    const order = permutation(100, 42, 0)
    expect(permutation(100, 42, 0)).toEqual(order)
    expect(permutation(100, 42, 1)).not.toEqual(order)
    expect(permutation(100, 43, 0)).not.toEqual(order)
  })

  it('puts each element in each place equally often', () => {
    const n = 5
    const epochs = 20_000
    const counts = new Float64Array(n * n)
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(n, 7, epoch)
      for (let place = 0; place < n; place++) {
        const cell = place * n + (order[place] as number)
        counts[cell] = (counts[cell] as number) + 1
      }
    }
    const expected = epochs / n
    let chiSquare = 0
    for (const count of counts) chiSquare += (count - expected) ** 2 / expected
    // (n-1)^2 = 16 degrees of freedom: the .999 quantile is 39.25.
    expect(chiSquare).toBeLessThan(39.25)
  })
})

describe('wordOfText', () => {
  it('spreads names that differ in one character over the whole range', () => {
    const words = Array.from({ length: 4096 }, (_, i) => wordOfText(`cat/${i}.jpg`, 42, 2))
    expect(new Set(words).size).toBe(words.length)
    const mean = words.reduce((sum, word) => sum + word / 2 ** 32, 0) / words.length
    // Standard error of the mean of 4096 uniforms is .0045: five of them.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.0226)
  })

  it('depends on the seed', () => {
    expect(wordOfText('cat/1.jpg', 1, 2)).not.toBe(wordOfText('cat/1.jpg', 2, 2))
  })
})
