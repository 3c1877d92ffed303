import { type Command, InvalidArgumentError, Option } from 'commander'
import { describeDefault, type GivenSettings, type Setting, settings } from '../train/settings.ts'

/** The option of a training run's setting, which refuses what the setting does not accept. */
export function settingOption(name: string): Option {
  const setting = settings[name] as Setting
  const about = `${setting.about}: ${setting.allowed} (default: ${describeDefault(name)})`
  const option = new Option(setting.flag, about)
  // One without a value is true where it is given.
  if (option.isBoolean()) return option
  option.argParser((text: string) => {
    const value = setting.fromText(text)
    if (!setting.accepts(value)) throw new InvalidArgumentError(`It must be ${setting.allowed}.`)
    return value
  })
  return setting.usual === undefined ? option : option.preset(setting.usual)
}

/** Adds an option for every setting of a run but those of `without`. */
export function addSettings(command: Command, without: readonly string[] = []): Command {
  for (const name of Object.keys(settings)) if (!without.includes(name)) command.addOption(settingOption(name))
  return command.option('--no-shuffle', 'take the images in the same order in every epoch')
}

/** The settings on the command line itself, without defaults, which a config file may still change, and but for those of `without`. */
export function givenSettings(command: Command, without: readonly string[] = []): GivenSettings {
  const all = [...Object.keys(settings), 'shuffle'].filter((name) => !without.includes(name))
  const names = all.filter((name) => command.getOptionValueSource(name) === 'cli')
  // Commander makes an empty text of an option that was read as null.
  const parsed = (name: string): unknown => (command.getOptionValue(name) === '' ? null : command.getOptionValue(name))
  return Object.fromEntries(names.map((name) => [name, parsed(name)])) as GivenSettings
}
