import { readFile } from 'node:fs/promises'
import { CommandError, UsageError } from '../cli/errors.ts'
import { type GivenSettings, settings } from './settings.ts'

/** The names that the notebook gave its parameters, so that its dictionary can be saved as JSON and used as it is. */
const notebookNames: Readonly<Record<string, string>> = {
  base_lr: 'baseLr',
  lr_mult: 'lrMult',
  weight_decay: 'weightDecay',
  freeze_epochs: 'freezeEpochs',
  pct_start: 'pctStart',
  batch_size: 'batch',
  lr_scheduler: 'schedule',
  aug_mode: 'augment',
}

/**
 * Reads the settings of a JSON file: an object of option names in camelCase or the notebook's own names, which may also be spelt as
 * Python prints a dictionary.
 * Throws UsageError, which names the file and every unknown key or the first wrong value, and CommandError CONFIG_UNREADABLE.
 */
export async function readConfigFile(path: string): Promise<GivenSettings> {
  const refuse = (problem: string): never => {
    throw new UsageError(`${path}: ${problem}`)
  }
  const document = parseObject(await readText(path)) ?? refuse('it must hold one JSON object of settings')
  const known = (key: string): boolean => key === 'shuffle' || Object.hasOwn(settings, notebookNames[key] ?? key)
  const unknown = Object.keys(document).filter((key) => !known(key))
  if (unknown.length > 0) {
    refuse(`unknown ${unknown.length === 1 ? 'key' : 'keys'} ${unknown.join(', ')} (known: ${knownKeys().join(', ')})`)
  }
  const values: Record<string, unknown> = {}
  for (const [key, raw] of Object.entries(document)) {
    const name = notebookNames[key] ?? key
    if (Object.hasOwn(values, name)) refuse(`${key} is given twice, as ${name} too: keep one`)
    const value = normalise(name, raw)
    if (name === 'shuffle') {
      if (typeof value !== 'boolean') refuse('shuffle must be true or false')
    } else {
      const setting = settings[name]
      if (!setting?.accepts(value)) refuse(`${key} must be ${setting?.allowed}, not ${JSON.stringify(raw)}`)
    }
    values[name] = value
  }
  return values as GivenSettings
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new CommandError('CONFIG_UNREADABLE', `the config file ${path} cannot be read`, { cause: error })
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  for (const json of [text, fromPython(text)]) {
    try {
      const value: unknown = JSON.parse(json)
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
    } catch {
      // The other spelling may be the right one.
    }
  }
  return undefined
}

/** A flat dictionary as Python prints it, as JSON: 'text', None, True, False, and a comma at the end. */
function fromPython(text: string): string {
  const constants: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' }
  return text
    .replaceAll(/'([^'"\\\n]*)'|\b(?:None|True|False)\b/g, (word, inner?: string) =>
      inner === undefined ? (constants[word] as string) : JSON.stringify(inner),
    )
    .replace(/,\s*}\s*$/, '}')
}

/** What the notebook called the augmentations that it names. */
const notebookAugmentations: Readonly<Record<string, string>> = { None: 'none', 'mult_1.25_more_trans': 'notebook' }

/** `none` and JSON's null mean the same. */
function normalise(name: string, raw: unknown): unknown {
  if (name === 'weights' && raw === 'none') return null
  if (name === 'augment' && raw === null) return 'none'
  if (name === 'augment' && typeof raw === 'string') return notebookAugmentations[raw] ?? raw
  return raw
}

function knownKeys(): string[] {
  return [...Object.keys(settings), 'shuffle', ...Object.keys(notebookNames)]
}
