import { TuningError } from '../errors.ts'
import type { Parameter, Space, Value } from '../space.ts'
import type { Study } from '../study.ts'
import { type TpeSampler, tpeValues } from '../tpe/tpe.ts'
import { axesOf, checkGrid, type GridSampler } from './grid.ts'
import { type RandomSampler, uniformValues } from './random.ts'
import { type SobolSampler, sobolValues } from './sobol.ts'

/** How parameters of the next trial are found: settings only, as plain data. */
export type Sampler = RandomSampler | GridSampler | SobolSampler | TpeSampler

/** For which trial of which study, and which try: a try that repeats an earlier trial is drawn anew. */
export interface SuggestKey {
  seed: number
  trial: number
  attempt: number
}

/** Draws the value of a parameter that exists in the trial. */
export type DrawValue = (name: string, parameter: Parameter) => Value

/** Draws for one trial; of a grid only what an enqueued trial left open, since whole cells are counted through. */
export function valuesOf(study: Study, key: SuggestKey): DrawValue {
  const { sampler } = study
  switch (sampler.kind) {
    case 'random':
      return uniformValues(key)
    case 'sobol':
      return sobolValues(study, key)
    case 'tpe':
      return tpeValues(sampler, study, key)
    case 'grid': {
      const values = new Map(axesOf(study.space, sampler).map((axis) => [axis.name, axis]))
      const index = uniformValues(key)
      return (name) => {
        const { count, at } = values.get(name) as { count: number; at(i: number): Value }
        return at(index(name, { kind: 'int', low: 0, high: count - 1 }) as number)
      }
    }
  }
}

/** Throws where a setting is out of its range, or does not fit the space. */
export function checkSampler(sampler: Sampler, space: Space): void {
  switch (sampler.kind) {
    case 'random':
    case 'sobol':
      return
    case 'grid':
      checkGrid(sampler, space)
      return
    case 'tpe':
      checkTpe(sampler)
      return
    default:
      throw new TuningError(`There is no sampler ${(sampler as Sampler).kind}: take random, grid, sobol or tpe`)
  }
}

function checkTpe({ startupTrials = 10, candidates = 24, model = 'mixed' }: TpeSampler): void {
  if (!Number.isInteger(startupTrials) || startupTrials < 0) {
    throw new TuningError(`The sampler's startupTrials is ${startupTrials}: it must be an integer from 0`)
  }
  if (!Number.isInteger(candidates) || candidates < 1) {
    throw new TuningError(`The sampler's candidates is ${candidates}: it must be an integer from 1`)
  }
  if (!['univariate', 'multivariate', 'mixed'].includes(model)) {
    throw new TuningError(`The sampler's model is ${model}: it must be univariate, multivariate or mixed`)
  }
}
