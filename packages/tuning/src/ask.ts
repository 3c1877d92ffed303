import { type History, historyOf } from './history.ts'
import { axesOf, cellsOf, MOST_CELLS, unseenCell } from './samplers/grid.ts'
import { uniformValues } from './samplers/random.ts'
import { type DrawValue, valuesOf } from './samplers/sampler.ts'
import { isActive, type Parameters, type Space } from './space.ts'
import { addTrial, type Study, type Trial } from './study.ts'

/**
 * The next trial, running from now on: the oldest that waits, the study's baseline where there is none yet, or a new one from the
 * sampler. Null where every combination of the space or grid was tried: no parameters are given out twice, unless they were enqueued.
 */
export function ask(study: Study): Trial | null {
  const waiting = study.trials.find(({ state }) => state === 'waiting')
  if (waiting !== undefined) {
    const key = { seed: study.seed, trial: waiting.number, attempt: 0 }
    waiting.parameters = fill(study.space, valuesOf(study, key), waiting.parameters)
    waiting.state = 'running'
    return waiting
  }
  const parameters = unseen(study, historyOf(study))
  return parameters === null ? null : addTrial(study, 'running', parameters)
}

/** A sampler that settled on one spot says the same again and again; uniform draws may find the rest, counting surely does. */
const SAMPLER_ATTEMPTS = 8
const UNIFORM_ATTEMPTS = 64

function unseen(study: Study, history: History): Parameters | null {
  const { space, seed, sampler, baseline = {} } = study
  if (sampler.kind === 'grid') return unseenCell(study, axesOf(space, sampler), history)
  for (let attempt = 0; attempt < SAMPLER_ATTEMPTS + UNIFORM_ATTEMPTS; attempt++) {
    const key = { seed, trial: study.trials.length, attempt }
    const fixed = study.trials.length === 0 ? baseline : {}
    const parameters = fill(space, attempt < SAMPLER_ATTEMPTS ? valuesOf(study, key) : uniformValues(key), fixed)
    if (!history.has(parameters)) return parameters
  }
  const axes = axesOf(space)
  return cellsOf(axes) <= MOST_CELLS ? unseenCell(study, axes, history) : null
}

/** All parameters that exist in a trial: those that are fixed, the others drawn. */
function fill(space: Space, draw: DrawValue, fixed: Readonly<Parameters>): Parameters {
  const parameters: Parameters = {}
  for (const [name, parameter] of Object.entries(space)) {
    if (!isActive(parameter, parameters)) continue
    parameters[name] = Object.hasOwn(fixed, name) ? (fixed[name] ?? null) : draw(name, parameter)
  }
  return parameters
}
