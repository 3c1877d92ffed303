import { readFileSync } from 'node:fs'
import type { Draw } from '../random.ts'
import type { CategoricalParameter, FloatParameter, IntParameter, Parameter } from '../space.ts'

/** What `goldens/make_goldens.py` wrote. */
export function readGolden<T>(section: string, file = 'optuna.json'): T {
  const text = readFileSync(new URL(`../../goldens/${file}`, import.meta.url), 'utf8')
  return (JSON.parse(text) as Record<string, T>)[section] as T
}

/** Uniform numbers that Python makes likewise (mulberry32). */
export function mulberry32(seed: number): Draw {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** One parameter of each kind. */
export const SPACE: Readonly<{
  a_float: FloatParameter
  b_log: FloatParameter
  c_step: FloatParameter
  d_int: IntParameter
  e_log_int: IntParameter
  f_int_step: IntParameter
  g_choice: CategoricalParameter
}> = {
  a_float: { kind: 'float', low: -1.5, high: 2.5 },
  b_log: { kind: 'float', low: 1e-5, high: 1e-1, log: true },
  c_step: { kind: 'float', low: 0, high: 1, step: 0.125 },
  d_int: { kind: 'int', low: 3, high: 40 },
  e_log_int: { kind: 'int', low: 1, high: 200, log: true },
  f_int_step: { kind: 'int', low: 32, high: 256, step: 32 },
  g_choice: { kind: 'categorical', choices: ['sgd', 'adam', 'adamw'] },
}

/** A value in the goldens' terms: a number, or a choice's index. */
export function goldenValue(parameter: Parameter, u: number): number {
  if (parameter.kind === 'categorical') return Math.floor(u * parameter.choices.length)
  const { kind, low, high, log = false } = parameter
  if (kind === 'int') {
    const step = parameter.step ?? 1
    return low + Math.floor(u * (Math.floor((high - low) / step) + 1)) * step
  }
  if (log) return Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low)))
  if (parameter.step !== undefined)
    return low + Math.floor(u * (Math.round((high - low) / parameter.step) + 1)) * parameter.step
  return low + u * (high - low)
}
