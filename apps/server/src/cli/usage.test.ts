import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../testing/cli.ts'

const folder = await mkdtemp(join(tmpdir(), 'sporeprint-usage-'))

/** Runs what must be refused and returns its one line on stderr. */
async function refused(args: readonly string[], code: 1 | 2 = 2): Promise<string> {
  const result = await runCli(args, { cwd: folder })
  expect(result).toMatchObject({ code, stdout: '' })
  expect(result.stderr).toMatch(/^sporeprint: [^\n]+\n$/)
  return result.stderr
}

async function refusedConfig(content: unknown): Promise<string> {
  await writeFile(join(folder, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content))
  return refused(['train', '.', '--config', 'config.json'])
}

describe('wrong usage is one line on stderr and exit code 2', () => {
  test('for an unknown command or option, with the likely one', async () => {
    expect(await refused(['trian'])).toContain("unknown command 'trian' (Did you mean train?)")
    expect(await refused(['train', '.', '--epoch', '3'])).toContain("unknown option '--epoch' (Did you mean --epochs?)")
  })

  test('for a missing or surplus argument', async () => {
    expect(await refused(['train'])).toContain("missing required argument 'dir'")
    expect(await refused(['train', 'a', 'b'])).toContain('too many arguments')
  })

  test('for a value out of range, naming the option and the range', async () => {
    expect(await refused(['train', '.', '--epochs', '2.5'])).toContain(
      "option '--epochs <n>' argument '2.5' is invalid. It must be a whole number from 0 to 10000.",
    )
    expect(await refused(['train', '.', '--base-lr', 'fast'])).toContain('It must be a number from 1e-8 to 10.')
    expect(await refused(['train', '.', '--arch', 'vgg16'])).toContain(
      'It must be one of resnet18, resnet34, resnet50.',
    )
    expect(await refused(['train', '.', '--precision', 'f16'])).toContain('It must be one of f32, mixed.')
    expect(await refused(['train', '.', '--epochs', '0'])).toContain('there is nothing to train')
  })

  test('for an augmentation that is neither a preset nor a file of numbers, naming the field at fault', async () => {
    expect(await refused(['train', '.', '--augment', 'fancy'])).toContain(
      'fancy is no augmentation: name none, default, notebook, or a JSON file that can be read',
    )
    const file = join(folder, 'mine.json')
    await writeFile(file, JSON.stringify({ preset: 'default', rotate: 500 }))
    expect(await refused(['train', '.', '--augment', 'mine.json'])).toContain(
      'mine.json: augmentation: rotate must be a number from 0 to 180, not 500',
    )
    expect(await refused(['train', '.', '--mixup', '11'])).toContain('It must be a number from 0 to 10')
  })

  test('for --resume without the folder to go on with', async () => {
    expect(await refused(['train', '.', '--resume'])).toContain('--resume needs --out DIR')
  })
})

describe('a config file', () => {
  test('with unknown keys is refused, naming them', async () => {
    expect(await refusedConfig({ epochs: 2, epoch: 3, dropout: 0.5 })).toContain(
      'config.json: unknown keys epoch, dropout',
    )
  })

  test("may use the notebook's names, but not for an augmentation that the notebook does not know", async () => {
    const notebook = { batch_size: 64, base_lr: 0.0014, lr_scheduler: 'flat_cos', aug_mode: 'mult_3' }
    expect(await refusedConfig(notebook)).toContain('mult_3 is no augmentation')
    expect(await refusedConfig({ augment: { turn: 3 } })).toContain('augmentation: has no field turn')
  })

  test('with a value out of range is refused, naming key and range', async () => {
    expect(await refusedConfig({ pct_start: 1.5 })).toContain('pct_start must be a number from 0 to 1, not 1.5')
    expect(await refusedConfig({ epochs: '5' })).toContain('epochs must be a whole number from 0 to 10000, not "5"')
  })

  test('that says a thing twice or is no JSON object is refused', async () => {
    expect(await refusedConfig({ batch: 8, batch_size: 16 })).toContain('batch_size is given twice')
    expect(await refusedConfig('[1]')).toContain('it must hold one JSON object')
    expect(await refusedConfig('{')).toContain('it must hold one JSON object')
  })

  test('that is not there is a failure', async () => {
    expect(await refused(['train', '.', '--config', 'nowhere.json'], 1)).toContain('nowhere.json cannot be read')
  })
})

describe('help', () => {
  test('of every command says what it does and names --json, with exit code 0', async () => {
    const commands = [
      ['doctor'],
      ['serve'],
      ['worker'],
      ['train'],
      ['tune'],
      ['explain'],
      ['data', 'demo'],
      ['data', 'synth'],
      ['data', 'check'],
      ['weights', 'list'],
      ['weights', 'add'],
      ['weights', 'convert'],
    ]
    for (const command of commands) {
      const { code, stdout, stderr } = await runCli([...command, '--help'])
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
      expect(stdout).toContain(`Usage: sporeprint ${command.join(' ')}`)
      expect(stdout).toContain('--json')
    }
  })

  test('is shown, as wrong usage, where no command is given', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: sporeprint')
    expect(stderr).toMatch(/sporeprint: a command is missing: see the list above\n$/)
  })
})

test('under --json an error is a document on stdout too', async () => {
  const { code, stdout } = await runCli(['train', '.', '--size', '31', '--json'])
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toEqual({ error: { code: 'usage', message: expect.stringContaining('from 32 to 1024') } })
})

test('--debug shows the stack', async () => {
  const { stderr } = await runCli(['train', '.', '--size', '31', '--debug'])
  expect(stderr).toMatch(/\n\s+at /)
})
