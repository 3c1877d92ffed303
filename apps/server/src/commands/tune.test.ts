import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliResult, runCli, startCli } from '../testing/cli.ts'

let folder: string

/** Two trials of at most two epochs, with a rung after the first; as small as real trainings can be. */
const tiny = ['--size', '32', '--batch', '8', '--epochs', '2', '--trials', '2', '--seed', '7', '--space', 'space.json']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-tune-'))
  const synth = ['data', 'synth', 'synth', '--count', '12', '--test', '0.3', '--size', '48']
  expect(await runCli(synth, { cwd: folder })).toMatchObject({ code: 0 })
  for (const name of ['train/Amanita', 'train/Boletus', 'test/Amanita', 'test/Boletus'])
    await cp(join(folder, 'synth', name), join(folder, 'images', name), { recursive: true })
  const space = {
    baseLr: { kind: 'float', low: 1e-4, high: 1e-2, log: true },
    'augment.flipP': { kind: 'float', low: 0, high: 0.5 },
  }
  await writeFile(join(folder, 'space.json'), JSON.stringify(space))
  await writeFile(join(folder, 'first.json'), JSON.stringify({ baseLr: 0.001 }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const tune = (out: string, ...more: string[]) => ['tune', 'images', ...tiny, '--out', out, ...more]
const run = (args: readonly string[]): Promise<CliResult> => runCli(args, { cwd: folder })

/** Each trial is a process that opens a device: seconds, but not beside other work. */
const patience = 400_000

/** Runs what must be refused and returns its one line on stderr. */
async function refused(args: readonly string[], code: 1 | 2 = 2): Promise<string> {
  const result = await run(args)
  expect(result).toMatchObject({ code, stdout: '' })
  expect(result.stderr).toMatch(/^sporeprint: [^\n]+\n$/)
  return result.stderr
}

describe('tune', () => {
  test(
    'searches, pauses and goes on, and leaves one JSON document, the trials and the best model',
    async () => {
      const { code, stdout, stderr } = await run(
        tune('study', '--enqueue', 'first.json', '--final-seeds', '1', '--json'),
      )
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const result = JSON.parse(stdout)
      expect(result).toMatchObject({
        study: 'study',
        over: 'trials',
        trials: [
          // The run as it would be without a search goes to its end.
          { number: 0, state: 'complete', params: { baseLr: 0.002 }, value: expect.any(Number) },
          { number: 1, params: { baseLr: 0.001 } },
        ],
        best: { value: expect.any(Number), params: { 'augment.flipP': expect.any(Number) }, interval: { n: 4 } },
        final: { runs: [{ seed: 8, split: 'test', n: expect.any(Number), checkpoint: expect.any(String) }] },
      })
      const { best, trials, importances } = result
      expect(trials[best.number]).toMatchObject({ state: 'complete', value: best.value, epochs: 2 })
      for (const { number, state, epochs } of trials)
        if (number !== best.number) expect([state, epochs]).toEqual(['pruned', 1])
      expect(importances.map(({ name }: { name: string }) => name).toSorted()).toEqual(['augment.flipP', 'baseLr'])
      expect(await readdir(join(folder, 'study', 'trials', `000${best.number}`, 'best'))).toEqual(['model.safetensors'])
      expect((await readFile(join(folder, 'study', 'trials.csv'), 'utf8')).split('\r\n')).toHaveLength(4)
      const optuna = JSON.parse(await readFile(join(folder, 'study', 'optuna.json'), 'utf8'))
      expect(optuna.trials.map(({ state }: { state: string }) => state).toSorted()).toEqual(['COMPLETE', 'PRUNED'])
      expect(stderr).toMatch(/Trial \d goes on after 1 epoch/)

      expect(await refused(tune('study'), 1)).toContain('holds a study already: --resume goes on with it')
      expect(await refused(tune('study', '--resume', '--batch', '4', '--enqueue', 'first.json'))).toContain(
        'was started with batch 8, not 4',
      )
    },
    patience,
  )

  test(
    'killed in mid-trial and gone on with, it comes to the trials of one that was left alone, none run twice',
    async () => {
      const args = tune('killed', '--enqueue', 'first.json', '--final-seeds', '0')
      const { child, said, ended } = startCli(args, { cwd: folder })
      await said(/Trial 1 begins/)
      child.kill('SIGKILL')
      await ended
      const { code, stdout, stderr } = await run([...args, '--resume', '--json'])
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const whole = JSON.parse(await readFile(join(folder, 'study', 'study.json'), 'utf8'))
      expect(JSON.parse(stdout).trials).toEqual(whole.trials)
      const journal = await readFile(join(folder, 'killed', 'journal.jsonl'), 'utf8')
      const started = journal.split('\n').filter((line) => line.includes('"kind":"started"'))
      expect(started).toHaveLength(2)
    },
    patience,
  )

  test('stops cleanly on SIGINT and says how to go on', async () => {
    const { child, said, ended } = startCli(tune('stopped'), { cwd: folder })
    await said(/Trial 0 begins/)
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/sporeprint: stopped; to go on: sporeprint tune .* --out stopped --resume\n/)
    const { trials } = JSON.parse(await readFile(join(folder, 'stopped', 'study.json'), 'utf8'))
    expect(trials).toMatchObject([{ state: 'waiting', epochs: 0 }])
  })

  test('of a folder without images fails as train does, and leaves no study behind', async () => {
    const { code, stderr } = await run(['tune', 'nowhere', ...tiny, '--out', 'none'])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('nowhere') })
    expect(await readdir(join(folder, 'none'))).not.toContain('journal.jsonl')
  })

  test('names the option that is at fault', async () => {
    expect(await refused(['tune', 'images', '--sampler', 'best'])).toContain(
      '--sampler is tpe, random, sobol, grid, or',
    )
    expect(await refused(['tune', 'images', '--pruner', '{"kind":"median","startupTrials":-1}'])).toContain(
      "pruner's startupTrials is -1",
    )
    expect(await refused(['tune', 'images', '--metric', 'f2'])).toContain('--metric is of accuracy')
    expect(await refused(['tune', 'images', '--metric', 'validLoss'])).toContain('give --label-smoothing')
    expect(await refused(['tune', 'images', '--resume'])).toContain('--resume needs --out DIR')
    expect(await refused(['tune', 'images', '--space', 'nowhere.json'])).toContain('nowhere.json cannot be read')
    expect(await refused(['tune', 'images', '--metric', 'accuracy,f1Macro', '--pruner', 'asha'])).toContain(
      'cannot prune',
    )
  })
})
