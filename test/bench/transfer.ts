/**
 * Does transfer learning pay? Fine-tunes a network from weights and trains the same network from scratch, on the same folder, with
 * the same number of epochs and several seeds, by the command that everybody uses; prints a table of how each does on the test split.
 *
 *   npm run bench:transfer -w test -- DATA WEIGHTS [seeds, 1,2,3 by default] [more options of `sporeprint train`]
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

interface Outcome {
  seed: number
  validLoss: number
  accuracy: number
  f1Macro: number
  seconds: number
}

const [data, weights, seeds = '1,2,3', ...more] = process.argv.slice(2)
if (!data || !weights) throw new Error('usage: bench:transfer DATA WEIGHTS [SEEDS] [options of sporeprint train]')

// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()
const command = fileURLToPath(new URL('../../apps/server/bin/sporeprint.js', import.meta.url))
const shared = ['--arch', 'resnet18', '--size', '64', '--batch', '32', '--head', 'linear', '--json', ...more]
const ways: Record<string, string[]> = {
  'fine-tuned: one epoch frozen, three free': [
    ...['--weights', resolve(here, weights), '--freeze-epochs', '1', '--epochs', '3'],
  ],
  'from scratch: four epochs': ['--weights', 'none', '--freeze-epochs', '0', '--epochs', '4'],
}

async function train(options: string[], seed: number): Promise<Outcome> {
  const out = await mkdtemp(join(tmpdir(), 'sporeprint-transfer-'))
  try {
    const args = ['train', resolve(here, data ?? ''), ...shared, ...options, '--seed', String(seed), '--out', out]
    const started = performance.now()
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@sporeprint/source', command, ...args],
      { maxBuffer: 2 ** 26 },
    )
    const { best, test } = JSON.parse(stdout) as { best: Outcome; test?: Outcome }
    if (!test) throw new Error(`${data} has no test split`)
    const seconds = (performance.now() - started) / 1000
    return { seed, validLoss: best.validLoss, accuracy: test.accuracy, f1Macro: test.f1Macro, seconds }
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const deviation = (values: number[]): number =>
  Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) * (values.length / Math.max(1, values.length - 1)))

console.log('| | seed | best validation loss | test accuracy | test F1 macro | seconds |\n|---|---|---|---|---|---|')
for (const [name, options] of Object.entries(ways)) {
  const outcomes: Outcome[] = []
  for (const seed of seeds.split(',').map(Number)) {
    const o = await train(options, seed)
    outcomes.push(o)
    const numbers = [o.validLoss.toFixed(4), o.accuracy.toFixed(4), o.f1Macro.toFixed(4), o.seconds.toFixed(0)]
    console.log(`| ${name} | ${seed} | ${numbers.join(' | ')} |`)
  }
  const summary = (key: 'validLoss' | 'accuracy' | 'f1Macro'): string => {
    const values = outcomes.map((o) => o[key])
    return `**${mean(values).toFixed(4)}** ± ${deviation(values).toFixed(4)}`
  }
  console.log(`| ${name} | mean ± s.d. | ${summary('validLoss')} | ${summary('accuracy')} | ${summary('f1Macro')} | |`)
}
