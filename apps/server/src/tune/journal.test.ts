import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TrainSpec } from '@sporeprint/engine'
import { afterAll, expect, test } from 'vitest'
import { Journal, journalPath } from './journal.ts'
import { difference, planOf, type StudyRequest } from './request.ts'

const dir = await mkdtemp(join(tmpdir(), 'sporeprint-journal-'))
afterAll(() => rm(dir, { recursive: true, force: true }))

const base = { epochs: 9, freezeEpochs: 0, seed: 1, size: 64, batch: 8, augment: { flipP: 0.5 } } as TrainSpec
const request: StudyRequest = {
  base,
  space: { baseLr: { kind: 'float', low: 1e-4, high: 1e-1, log: true } },
  sampler: { kind: 'tpe' },
  pruner: { kind: 'successiveHalving', reductionFactor: 3 },
  objectives: [{ metric: 'accuracy', direction: 'maximize' }],
  folds: 1,
  rungs: null,
  sizes: [],
  restarts: true,
  lrFind: false,
  baseline: false,
  enqueue: [],
}
const plan = planOf(request, { name: 'study', budget: { trials: 5, epochs: null, hours: null }, parallel: 1 })

test('a journal that is read again is the same study, without the line that was not finished', async () => {
  const folder = join(dir, 'torn')
  const journal = await Journal.create(folder, { request, plan, rate: null })
  await journal.note({ kind: 'enqueued', parameters: { baseLr: 0.01 } })
  await journal.note({ kind: 'started', number: 0, parameters: { baseLr: 0.01 } })
  await journal.note({ kind: 'reported', number: 0, fold: 0, epoch: 1, value: Number.NaN })
  await journal.note({ kind: 'validated', number: 0, fold: 0, n: 80, intervals: [null] })
  await journal.close()
  await appendFile(journalPath(folder), '{"kind":"reached","number":0,"val')

  const again = await Journal.resume(folder)
  expect(again?.study).toEqual(journal.study)
  expect(again?.study.trials[0]).toMatchObject({ state: 'running', reports: [{ epoch: 1, value: null }] })
  expect(again?.validated).toEqual(journal.validated)
  await again?.note({ kind: 'reached', number: 0, values: [0.5] })
  await again?.close()
  const lines = (await readFile(journalPath(folder), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).kind)).toEqual([
    'opened',
    'session',
    'enqueued',
    'started',
    'reported',
    'validated',
    'session',
    'reached',
  ])
})

test('a folder without a whole first line has no study, and a damaged line is told by its number', async () => {
  expect(await Journal.resume(join(dir, 'nowhere'))).toBeNull()
  const folder = join(dir, 'damaged')
  const journal = await Journal.create(folder, { request, plan, rate: null })
  await journal.close()
  await appendFile(journalPath(folder), 'not JSON\n')
  await expect(Journal.resume(folder)).rejects.toThrow('damaged at line 3')
  await writeFile(journalPath(folder), '{"kind":"open')
  expect(await Journal.resume(folder)).toBeNull()
})

test('a study that another process works on is left to it, and one whose process is gone is not', async () => {
  const folder = join(dir, 'locked')
  const journal = await Journal.create(folder, { request, plan, rate: null })
  await journal.close()
  // The process that started this one is alive.
  await writeFile(join(folder, 'study.lock'), String(process.ppid))
  await expect(Journal.resume(folder)).rejects.toMatchObject({ code: 'STUDY_BUSY' })
  // The largest number that Linux gives to a process is 2²².
  await writeFile(join(folder, 'study.lock'), String(2 ** 22 + 1))
  await (await Journal.resume(folder))?.close()
})

test('what makes another study is told by its name; where things lie does not', () => {
  expect(difference(request, { ...request, base: { ...base, out: '/elsewhere', data: '/moved' } })).toBeNull()
  expect(difference(request, { ...request, base: { ...base, batch: 16 } })).toBe('batch 8, not 16')
  const flipped = { ...base, augment: { ...base.augment, flipP: 0 } }
  expect(difference(request, { ...request, base: flipped })).toBe('augment.flipP 0.5, not 0')
  expect(difference(request, { ...request, sampler: { kind: 'random' } })).toContain('sampler {"kind":"tpe"}')
})

test('sizes must rise below the last one, and need rungs to belong to', () => {
  const budget = { trials: 5, epochs: null, hours: null }
  const planWith = (change: Partial<StudyRequest>) =>
    planOf({ ...request, ...change }, { name: 'study', budget, parallel: 1 })
  expect(planWith({ sizes: [32, 48] }).epochs).toBe(9)
  expect(() => planWith({ sizes: [32, 40, 48] })).toThrow('for the 2 rungs')
  expect(() => planWith({ sizes: [48, 48] })).toThrow('must rise')
  expect(() => planWith({ sizes: [32], pruner: { kind: 'median' } })).toThrow('asha or hyperband')
})
