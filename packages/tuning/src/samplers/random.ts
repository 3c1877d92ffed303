import { drawsOf } from '../random.ts'
import { valueOfUnit } from '../space.ts'
import type { DrawValue, SuggestKey } from './sampler.ts'

/** Each value uniform in its parameter's domain. */
export interface RandomSampler {
  kind: 'random'
}

export function uniformValues(key: SuggestKey): DrawValue {
  return (name, parameter) => valueOfUnit(parameter, drawsOf({ ...key, purpose: `uniform ${name}` })())
}
