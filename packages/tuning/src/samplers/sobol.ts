import { wordOfText } from '../random.ts'
import { valueOfUnit } from '../space.ts'
import type { Study } from '../study.ts'
import { JOE_KUO } from './joe-kuo.ts'
import { uniformValues } from './random.ts'
import type { DrawValue, SuggestKey } from './sampler.ts'

/**
 * Points of Sobol's sequence, which fill the space more evenly than random ones: trial i has point i. They are scrambled by the
 * seed (Owen's nested scrambling, by hashing as in Burley, "Practical hash-based Owen scrambling", JCGT 9, 2020).
 */
export interface SobolSampler {
  kind: 'sobol'
}

/** Parameters beyond the 64 dimensions that the sequence has, and draws for the second time, are uniform. */
export function sobolValues(study: Study, key: SuggestKey): DrawValue {
  const uniform = uniformValues(key)
  const dimensions = new Map(Object.keys(study.space).map((name, d) => [name, d]))
  return (name, parameter) => {
    const d = dimensions.get(name) as number
    if (d >= JOE_KUO.length || key.attempt > 0) return uniform(name, parameter)
    const word = owenScramble(sobolWord(d, key.trial), wordOfText(`sobol ${d}`, key.seed))
    return valueOfUnit(parameter, word / 2 ** 32)
  }
}

const directions = new Map<number, Uint32Array>()

/** Coordinate d of point i, as 32 bits of a fraction, in the order of Gray codes. */
export function sobolWord(d: number, i: number): number {
  let numbers = directions.get(d)
  if (numbers === undefined) directions.set(d, (numbers = directionNumbers(d)))
  const gray = i ^ (i >>> 1)
  let word = 0
  for (let bit = 0; bit < 32; bit++) if ((gray >>> bit) & 1) word ^= numbers[bit] as number
  return word >>> 0
}

function directionNumbers(d: number): Uint32Array {
  const [polynomial, ...initial] = JOE_KUO[d] as readonly [number, ...number[]]
  const degree = d === 0 ? 0 : initial.length
  const numbers = new Uint32Array(32)
  for (let k = 0; k < 32; k++) {
    if (d === 0) numbers[k] = 2 ** (31 - k)
    else if (k < degree) numbers[k] = (initial[k] as number) * 2 ** (31 - k)
    else {
      const last = numbers[k - degree] as number
      let number = last ^ (last >>> degree)
      for (let j = 1; j < degree; j++) if ((polynomial >>> (degree - j)) & 1) number ^= numbers[k - j] as number
      numbers[k] = number
    }
  }
  return numbers
}

/** Flips each bit by a hash of the higher ones, so that points keep their even spread. */
function owenScramble(word: number, seed: number): number {
  let x = reverseBits(word)
  x ^= Math.imul(x, 0x3d20adea)
  x = (x + seed) | 0
  x = Math.imul(x, (seed >>> 16) | 1)
  x ^= Math.imul(x, 0x05526c56)
  x ^= Math.imul(x, 0x53a22864)
  return reverseBits(x)
}

function reverseBits(word: number): number {
  let x = word
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1)
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2)
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4)
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8)
  return ((x >>> 16) | (x << 16)) >>> 0
}
