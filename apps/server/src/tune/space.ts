/** What a study may search: settings of a run and numbers of its augmentation, by their names, and how they become a run's. */
import { readFile } from 'node:fs/promises'
import { augmentationRanges, resolveAugmentation, type TrainSpec } from '@sporeprint/engine'
import { checkSpace, type Parameter, type Parameters, type Space, type Value } from '@sporeprint/tuning'
import { UsageError } from '../cli/errors.ts'
import { settings, type TrainSettings } from '../train/settings.ts'

/** Settings that a study has for itself, or that would make trials incomparable. */
const fixed: ReadonlySet<string> = new Set([
  'weights',
  'progressive',
  'epochs',
  'monitor',
  'patience',
  'seed',
  'valid',
  'folds',
  'fold',
  'checkpointEvery',
])

const augmentPrefix = 'augment.'

/**
 * The space that is searched where none is given: rates, decay, schedule and the magnitude of each kind of augmentation. What is
 * `given` is fixed and left out, and so is what only fine-tuning has where a run begins from scratch.
 */
export function defaultSpace(chosen: TrainSettings, given: ReadonlySet<string>): Space {
  const all: Record<string, Parameter> = {
    baseLr: { kind: 'float', low: 1e-4, high: 3e-2, log: true },
    weightDecay: { kind: 'float', low: 1e-4, high: 0.3, log: true },
    ...(chosen.weights !== null && {
      lrMult: { kind: 'float', low: 1, high: 100, log: true },
      freezeEpochs: { kind: 'int', low: 0, high: 3 },
    }),
    schedule: { kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine'] },
    ...(!given.has('schedule') && {
      pctStart: {
        kind: 'float',
        low: 0.1,
        high: 0.9,
        when: { parameter: 'schedule', is: ['flat_cos', 'one_cycle'] },
      },
    }),
    labelSmoothing: { kind: 'float', low: 0, high: 0.3 },
    mixup: { kind: 'float', low: 0, high: 0.4 },
    ...(!given.has('augment') && {
      'augment.flipP': { kind: 'float', low: 0, high: 0.5 },
      'augment.rotate': { kind: 'float', low: 0, high: 45 },
      'augment.zoomMax': { kind: 'float', low: 1, high: 1.5 },
      'augment.warp': { kind: 'float', low: 0, high: 0.3 },
      'augment.lighting': { kind: 'float', low: 0, high: 0.4 },
      'augment.eraseP': { kind: 'float', low: 0, high: 0.5 },
    }),
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => !given.has(name)))
}

/** The space of a JSON file. Throws UsageError, which names the file and the parameter at fault. */
export async function readSpace(file: string, given: ReadonlySet<string>): Promise<Space> {
  const refuse = (problem: string): never => {
    throw new UsageError(`${file}: ${problem}`)
  }
  const space = (await readJson(file, 'a search space')) as Space
  if (typeof space !== 'object' || space === null || Array.isArray(space)) {
    refuse('it must hold one JSON object, with a parameter under each name')
  }
  try {
    checkSpace(space)
  } catch (error) {
    refuse((error as Error).message)
  }
  for (const [name, parameter] of Object.entries(space)) {
    if (given.has(name))
      refuse(`${name} is given as an option too, and there is no baseline to have it: leave out one of them`)
    if (fixed.has(name)) refuse(`${name} belongs to the study and cannot be searched`)
    const { accepts, allowed } = tunable(name) ?? refuse(`there is no setting ${name} (known: ${known().join(', ')})`)
    const stranger = extremes(parameter).find((value) => !accepts(value))
    if (stranger !== undefined) refuse(`${name} may be ${JSON.stringify(stranger)}: it must be ${allowed}`)
  }
  return space
}

/** The document of a JSON file that is to hold `what`. */
export async function readJson(file: string, what: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: name a JSON file of ${what}`, { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${file}: it must hold ${what} as JSON`, { cause })
  }
}

interface Tunable {
  accepts(value: unknown): boolean
  allowed: string
  range?: readonly [number, number]
}

function tunable(name: string): Tunable | null {
  if (!name.startsWith(augmentPrefix)) return settings[name] ?? null
  const ranges: Readonly<Record<string, { min: number; max: number; whole?: true }>> = augmentationRanges
  const range = ranges[name.slice(augmentPrefix.length)]
  if (range === undefined) return null
  const { min, max, whole = false } = range
  return {
    accepts: (value) =>
      typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value)),
    allowed: `a ${whole ? 'whole number' : 'number'} from ${min} to ${max}`,
    range: [min, max],
  }
}

function known(): string[] {
  const ofRun = Object.keys(settings).filter((name) => !fixed.has(name))
  return [...ofRun, ...Object.keys(augmentationRanges).map((name) => augmentPrefix + name)]
}

/** Values that show whether all will do. */
function extremes(parameter: Parameter): readonly Value[] {
  if (parameter.kind === 'categorical') return parameter.choices
  const { kind, low, high } = parameter
  // A float within a range of integers.
  return kind === 'float' && low < high ? [low, high, low + (high - low) / Math.PI] : [low, high]
}

/** What the numbers of a space can be at all. */
export function limitsOf(space: Space): Record<string, { low: number; high: number }> {
  return Object.fromEntries(
    Object.keys(space).flatMap((name) => {
      const range = tunable(name)?.range
      return range === undefined ? [] : [[name, { low: range[0], high: range[1] }]]
    }),
  )
}

/** The run of a trial. Throws EngineError BAD_CONFIG where its numbers do not go together. */
export function withParameters(base: TrainSpec, parameters: Readonly<Parameters>): TrainSpec {
  const spec: Record<string, unknown> = { ...base }
  const numbers: Record<string, Value> = {}
  for (const [name, value] of Object.entries(parameters)) {
    if (name === 'augment') spec.augment = resolveAugmentation(value)
    else if (name.startsWith(augmentPrefix)) numbers[name.slice(augmentPrefix.length)] = value
    else spec[name] = value
  }
  return {
    ...(spec as unknown as TrainSpec),
    augment: resolveAugmentation({ ...(spec.augment as object), ...numbers }),
  }
}

/** The settings of a run by the names that they have in a space. */
export function settingsByName({ augment, ...settings }: TrainSpec): Record<string, unknown> {
  const numbers = Object.entries(augment).map(([name, value]) => [augmentPrefix + name, value])
  return { ...settings, ...Object.fromEntries(numbers) }
}
