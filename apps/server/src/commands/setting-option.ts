import { InvalidArgumentError, Option } from 'commander'
import { describeDefault, type Setting, settings } from '../train/settings.ts'

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
