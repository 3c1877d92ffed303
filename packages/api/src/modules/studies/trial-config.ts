/** What a trial's parameters mean for its run: settings by their names, and `augment.` with a number of the augmentation. */
import type { Parameter, Parameters, Space, StudyPlan } from '@sporeprint/tuning'
import { InvalidInput } from '../../errors.ts'
import { type AugmentationInput, augmentationFieldNames } from '../../jobs/augmentation.ts'
import { parseRunConfig, type RunConfig, type RunConfigInput } from '../../jobs/contracts.ts'

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

const extremesOf = (parameter: Parameter) =>
  parameter.kind === 'categorical' ? parameter.choices : [parameter.low, parameter.high]

/** The configuration of a trial's run on one fold. */
export function configOfTrial(
  plan: Pick<StudyPlan, 'folds' | 'epochs' | 'freezeEpochs'>,
  config: RunConfigInput,
  parameters: Parameters,
  fold: number,
): RunConfig {
  const folds = plan.folds > 1 ? { folds: plan.folds, fold } : {}
  const { freezeEpochs, epochs } = plan
  return parseRunConfig({ ...withParameters({ ...config, epochs, freezeEpochs }, parameters), ...folds })
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
