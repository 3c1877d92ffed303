import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TrainSpec } from '@sporeprint/engine'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createIo } from '../cli/io.ts'
import { Journal } from './journal.ts'
import { planOf, type StudyRequest } from './request.ts'
import { studyDocument, writeStudyFiles } from './study-report.ts'
import { createStudyView } from './study-view.ts'

let journal: Journal
let dir: string

/** Two of four trials are complete on two folds, one pruned, one running in its second epoch. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-view-'))
  const request: StudyRequest = {
    base: { epochs: 2, freezeEpochs: 0, seed: 1, out: dir } as TrainSpec,
    space: { baseLr: { kind: 'float', low: 1e-4, high: 1e-1, log: true } },
    sampler: { kind: 'random' },
    pruner: { kind: 'successiveHalving', reductionFactor: 2 },
    objectives: [{ metric: 'accuracy', direction: 'maximize' }],
    folds: 2,
    rungs: null,
    sizes: [],
    restarts: true,
    lrFind: false,
    baseline: false,
    enqueue: [],
  }
  const plan = planOf(request, { name: 'four', budget: { trials: 4, epochs: null, hours: null }, parallel: 1 })
  journal = await Journal.create(dir, { request, plan, rate: null })
  const stage = async (number: number, fold: number, epoch: number, value: number): Promise<void> => {
    await journal.note({ kind: 'reported', number, fold, epoch, value })
    await journal.note({
      kind: 'validated',
      number,
      fold,
      n: 50,
      intervals: [{ low: value - 0.1, high: value + 0.1, standardError: 0.05 }],
    })
    await journal.note({ kind: 'reached', number, values: [value] })
  }
  for (const [number, value] of [0.5, 0.7, 0.6, 0.8].entries()) {
    await journal.note({ kind: 'started', number, parameters: { baseLr: 0.01 * (number + 1) } })
    await stage(number, 0, 1, value)
  }
  await journal.note({ kind: 'pruned', number: 0, reason: 'too many are better at its rung' })
  for (const [number, value] of [
    [1, 0.75],
    [2, 0.65],
  ] as const) {
    for (const fold of [0, 1]) {
      await journal.note({ kind: 'continued', number })
      await stage(number, fold, 2, value + 0.02 * fold)
    }
  }
  await journal.note({ kind: 'continued', number: 3 })
})
afterAll(async () => {
  await journal.close()
  await rm(dir, { recursive: true, force: true })
})

test('on a terminal a table is drawn over the one before, with what runs and what is best, and taken away at the end', async () => {
  let text = ''
  const write = (part: string): boolean => Boolean((text += part))
  const stream = { isTTY: true, columns: 80, write } as unknown as NodeJS.WriteStream
  const view = createStudyView(createIo({ json: true, debug: false }), journal, stream)
  view.onEvent(3, { type: 'prepare', stage: 'pipelines', done: 1, total: 9 })
  await expect.poll(() => text).toContain('compiling')
  const lines = text.split('\n')
  expect(lines[0]).toMatch(/^four: 4 of 4 trials \(2 complete, 1 pruned, 1 running\), 10 epochs/)
  expect(lines.slice(2, 6).map((line) => line.trim().split(/\s+/).slice(0, 4))).toEqual([
    ['3', 'running', '1', '0.800000'],
    ['1', 'complete', '4', '0.760000'],
    ['2', 'complete', '4', '0.660000'],
    ['0', 'pruned', '1', '0.500000'],
  ])
  expect(lines.every((line) => line.length < 80)).toBe(true)
  view.finish()
  await setTimeout(300)
  expect(text.endsWith('\x1b[6A\x1b[0J')).toBe(true)
})

test('the document has the best with its interval over all folds, and who is within it', async () => {
  const document = studyDocument(journal, null)
  expect(document.trials.map(({ state, epochs }) => [state, epochs])).toEqual([
    ['pruned', 1],
    ['complete', 4],
    ['complete', 4],
    ['running', 1],
  ])
  const { best } = document
  // The mean of two folds: .05 / √2 is its standard error.
  const standardError = 0.05 / Math.SQRT2
  expect(best).toMatchObject({ number: 1, params: { baseLr: 0.02 }, within: 1, complete: 2 })
  expect(best?.value).toBeCloseTo(0.76, 12)
  expect(best?.interval?.n).toBe(100)
  expect(best?.interval?.standardError).toBeCloseTo(standardError, 12)
  expect(best?.interval?.low).toBeCloseTo(0.76 - 1.959963984540054 * standardError, 12)
  await writeStudyFiles(journal, document)
  expect(JSON.parse(await readFile(join(dir, 'study.json'), 'utf8'))).toMatchObject({
    study: 'four',
    best: { number: 1 },
  })
  const optuna = JSON.parse(await readFile(join(dir, 'optuna.json'), 'utf8'))
  expect(optuna.trials.map(({ state }: { state: string }) => state)).toEqual([
    'PRUNED',
    'COMPLETE',
    'COMPLETE',
    'RUNNING',
  ])
})
