/** What a trial's parameters mean for its run: settings by their names, and `augment.` with a number of the augmentation. */
import { freezeEpochsOf, type Parameter, type Parameters, pausesAtRungs, rungsOf, type Space } from '@sporeprint/tuning'
import { InvalidInput } from '../../errors.ts'
import { type AugmentationInput, augmentationFieldNames, augmentationFields } from '../../jobs/augmentation.ts'
import { parseRunConfig, type RunConfig, type RunConfigInput, rangeOf } from '../../jobs/contracts.ts'
import type { StudyRow } from './studies.table.ts'

const augment = 'augment.'

/**
 * Settings that every trial of a study shares: how far a trial goes is the study's to say, and what it is validated on must be the
 * same for all, or their values could not be compared.
 */
const shared: ReadonlySet<string> = new Set([
  'epochs',
  'progressive',
  'augmentation',
  'valid',
  'folds',
  'fold',
  'shuffle',
  'checkpointEvery',
  'monitor',
  'patience',
  'seed',
])

/** Throws InvalidInput where a parameter of the space means nothing to a run, or could have a value that `check` refuses. */
export function checkSpaceOfRuns(
  space: Space,
  config: RunConfigInput,
  check: (config: RunConfigInput) => RunConfig,
): void {
  const settings = check(config)
  for (const [name, parameter] of Object.entries(space)) {
    const refuse = (message: string) => new InvalidInput([{ field: `input.space.${name}`, value: name, message }])
    if (shared.has(name)) throw refuse('is the same in all trials of a study: set it in config')
    const known = name.startsWith(augment)
      ? augmentationFieldNames.some((field) => field === name.slice(augment.length))
      : Object.hasOwn(settings, name)
    if (!known) throw refuse('must be a setting of RunConfig, or augment. and a number of Augmentation')
    for (const value of extremesOf(parameter)) {
      try {
        check(withParameters(config, { [name]: value }))
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error
        throw refuse(`cannot be ${value}: ${error.issues.map(({ message }) => message).join('; ')}`)
      }
    }
  }
}

/** What a numeric parameter of this name can be at all. */
export function limitsOf(name: string): { low: number; high: number } | null {
  if (!name.startsWith(augment)) return rangeOf(name)
  const field = augmentationFieldNames.find((known) => known === name.slice(augment.length))
  return field === undefined ? null : { low: augmentationFields[field].min, high: augmentationFields[field].max }
}

const extremesOf = (parameter: Parameter) =>
  parameter.kind === 'categorical' ? parameter.choices : [parameter.low, parameter.high]

type Shared = Pick<StudyRow, 'plan' | 'config' | 'extras'>

/** The configuration of a trial's run on one fold: the same at every rung, so that it can go on. @throws InvalidInput */
export function configOfTrial({ plan, config, extras }: Shared, parameters: Parameters, fold: number): RunConfig {
  const frozen = freezeEpochsOf(plan, parameters)
  const ends = restartsOf({ plan, extras: { ...extras, restarts: true } }).map((rung) => frozen + rung)
  const progressive = extras.sizes.map((size, k) => ({ size, epochs: (ends[k] ?? 0) - (ends[k - 1] ?? 0) }))
  return configOfWinner(
    { plan, config: { ...config, ...(progressive.length > 0 && { progressive }) } },
    parameters,
    fold,
  )
}

/** That of the winner's last trainings: whole ones, at full size. */
export function configOfWinner(
  { plan, config }: Pick<Shared, 'plan' | 'config'>,
  parameters: Parameters,
  fold: number,
): RunConfig {
  const { epochs, freezeEpochs, folds } = plan
  const shared = { ...config, epochs, freezeEpochs, ...(folds > 1 && { folds, fold }) }
  return parseRunConfig(withParameters(shared, parameters))
}

/** Unfrozen epochs after which a trial's schedule begins anew: at the rungs, where it may pause. */
export function restartsOf({ plan, extras }: Pick<Shared, 'plan' | 'extras'>): number[] {
  return extras.restarts && pausesAtRungs(plan) ? rungsOf(plan).slice(0, -1) : []
}

/** The settings of a run by the names that they have in a space. */
export function settingsByName({ augmentation, ...settings }: RunConfig): Record<string, unknown> {
  const numbers = Object.entries(augmentation).map(([name, value]) => [augment + name, value])
  return { ...settings, ...Object.fromEntries(numbers) }
}

function withParameters(config: RunConfigInput, parameters: Parameters): RunConfigInput {
  const settings: Record<string, unknown> = { ...config }
  const numbers: AugmentationInput = { ...config.augmentation }
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith(augment)) Object.assign(numbers, { [name.slice(augment.length)]: value })
    else settings[name] = value
  }
  return { ...settings, augmentation: numbers } as RunConfigInput
}
