import { truncatedNormalQuantile } from '../normal.ts'
import { drawsOf } from '../random.ts'
import {
  contains,
  decode,
  domainOf,
  encode,
  isActive,
  type Parameters,
  type Space,
  type Value,
  valueOfUnit,
} from '../space.ts'
import type { DrawValue, SuggestKey } from './sampler.ts'

/** σ of the draws around a number, in widths of its domain. */
const SPREAD = 0.2
/** How often a choice stays as it is. */
const STAYS = 0.5

/** What `settings` say of the parameters of a space, as far as it allows that: the baseline of its study. */
export function baselineOf(space: Space, settings: Readonly<Record<string, unknown>>): Parameters {
  const baseline: Parameters = {}
  for (const [name, parameter] of Object.entries(space)) {
    const value = settings[name] as Value
    if (Object.hasOwn(settings, name) && isActive(parameter, baseline) && contains(parameter, value))
      baseline[name] = value
  }
  return baseline
}

/**
 * Draws around `baseline`, as PriorBand does around what an expert believes (Mallik et al., NeurIPS 2023): a number from a normal
 * that is cut to its domain, a choice as it is half of the time. What the baseline leaves open is uniform.
 */
export function valuesAround(baseline: Readonly<Parameters>, key: SuggestKey): DrawValue {
  return (name, parameter) => {
    const draw = drawsOf({ ...key, purpose: `around ${name}` })
    const usual = baseline[name]
    if (usual === undefined) return valueOfUnit(parameter, draw())
    if (parameter.kind === 'categorical') return draw() < STAYS ? usual : valueOfUnit(parameter, draw())
    const { low, high } = domainOf(parameter)
    if (low === high) return usual
    const [mu, sigma] = [encode(parameter, usual), SPREAD * (high - low)]
    return decode(parameter, mu + sigma * truncatedNormalQuantile(draw(), (low - mu) / sigma, (high - mu) / sigma))
  }
}
