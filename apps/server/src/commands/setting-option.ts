import { type Command, InvalidArgumentError, Option } from 'commander'
import { describeDefault, type GivenSettings, type Setting, settings } from '../train/settings.ts'

/** The option of a training run's setting, which refuses what the setting does not accept. */
export function settingOption(name: string): Option {
  const setting = settings[name] as Setting
  const about = `${setting.about}: ${setting.allowed} (default: ${describeDefault(name)})`
  const option = new Option(setting.flag, about).argParser((text: string) => {
    const value = setting.fromText(text)
    if (!setting.accepts(value)) throw new InvalidArgumentError(`It must be ${setting.allowed}.`)
    return value
  })
  return setting.usual === undefined ? option : option.preset(setting.usual)
}

/** Adds an option for every setting of a run. */
export function addSettings(command: Command): Command {
  for (const name of Object.keys(settings)) command.addOption(settingOption(name))
  return command.option('--no-shuffle', 'take the images in the same order in every epoch')
}

/** The settings on the command line itself, without defaults, which a config file may still change. */
export function givenSettings(command: Command): GivenSettings {
  const names = [...Object.keys(settings), 'shuffle'].filter((name) => command.getOptionValueSource(name) === 'cli')
  return Object.fromEntries(names.map((name) => [name, command.getOptionValue(name)])) as GivenSettings
}
