/**
 * Studies in a real browser, over the real API and database. Only the training is small: the handler of the API's own tests, which
 * fits a line, so that twenty trials take seconds.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPlatform, type Platform } from '@sporeprint/api'
import { migratedImage, trainer } from '@sporeprint/api/testing'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, openPage, takePicture } from './browser.ts'

const consoleDir = fileURLToPath(new URL('../../apps/console/dist', import.meta.url))

/** Within and below the upper tenth of the range, by its logarithm. */
const highRates = [0.036, 0.039, 0.042, 0.046, 0.05]
const lowRates = [0.001, 0.0012, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01]

let dir: string
let platform: Platform
let url: string
let browser: Browser
/** Of the server. */
const faults: Error[] = []
let studyId: number

/** Two classes with a test split; nothing decodes the files here. */
async function makeDataset(): Promise<string> {
  const folder = join(dir, 'letters')
  for (const split of ['train', 'test']) {
    for (const name of ['a', 'b']) {
      await mkdir(join(folder, split, name), { recursive: true })
      for (const file of ['1.jpg', '2.png'])
        await writeFile(join(folder, split, name, file), `${split} ${name} ${file}`)
    }
  }
  return folder
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-studies-'))
  platform = await openPlatform({
    dataDir: join(dir, 'data'),
    image: await migratedImage(),
    closeOnSignals: false,
    onError: (error) => faults.push(error),
  })
  await platform.startWorker(trainer(), { concurrency: 4 })
  const { id: datasetId } = await platform.services.datasets.import(await makeDataset())
  const study = await platform.services.studies.start({
    datasetId,
    name: 'Rates of a line',
    space: {
      // A line is fitted best by a rate above all of these.
      baseLr: { kind: 'float', low: 1e-3, high: 0.05, log: true },
      optimizer: { kind: 'categorical', choices: ['adamw', 'sgd'] },
      momentum: { kind: 'float', low: 0.5, high: 0.9, when: { parameter: 'optimizer', is: ['sgd'] } },
    },
    objectives: [{ metric: 'validLoss', direction: 'minimize' }],
    config: { epochs: 3 },
    pruner: { kind: 'successiveHalving', reductionFactor: 3 },
    // With the baseline.
    budget: { trials: 17 },
    enqueue: [...highRates, ...lowRates].map((baseLr) => ({ baseLr })),
    finalSeeds: 1,
  })
  studyId = study.id
  const server = await platform.listen({ port: 0, consoleDir })
  url = server.url
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform?.close()
  await rm(dir, { recursive: true, force: true })
})

test('a study is listed, ends before the reader’s eyes, and says what was best, how sure that is and what to search next', async () => {
  const { page, errors } = await openPage(browser, `${url}/#/studies`)
  const row = page.getByTestId('study-row')
  expect(await row.count()).toBe(1)
  await row.getByRole('link', { name: 'Rates of a line' }).click()
  await expect.poll(() => page.getByTestId('study-status').textContent(), { timeout: 60_000 }).toBe('Finished')

  const study = await platform.services.studies.get(studyId)
  const [trials = []] = await platform.services.studies.trialsOf([studyId])
  const inState = (state: string) => trials.filter((trial) => trial.state === state)
  const complete = inState('complete')
  expect(complete.length).toBeGreaterThan(0)
  expect(inState('pruned').length).toBeGreaterThan(0)

  const rows = page.getByTestId('trial-row')
  await expect.poll(() => rows.count()).toBe(17)
  for (const state of ['complete', 'pruned', 'paused']) {
    // The table follows within a second of the study.
    const shown = page.locator(`[data-testid=trial-row][data-state=${state}]`)
    await expect.poll(() => shown.count()).toBe(inState(state).length)
  }
  const pruned = page.locator('[data-testid=trial-row][data-state=pruned]').first()
  expect(await pruned.textContent()).toContain('too many are better at its rung')
  const best = complete.reduce((a, b) => ((b.value ?? Infinity) < (a.value ?? Infinity) ? b : a))
  expect(await page.locator('[data-testid=trial-row].is-best').textContent()).toContain(`#${best.number}`)
  await page.getByRole('button', { name: 'Best', exact: true }).click()
  expect(await rows.first().textContent()).toContain(`#${best.number}`)

  expect(await page.getByTestId('best').textContent()).toContain(best.value?.toFixed(4))
  const final = await platform.services.studies.finalScore(study, best)
  expect(final?.seeds).toBe(1)
  expect(await page.getByTestId('final-score').textContent()).toContain(`${final?.mean.toFixed(4)}1 seed,`)
  expect(await page.getByTestId('study-facts').textContent()).toContain('under 1 seed')

  const history = page.getByTestId('history-chart')
  await expect.poll(() => history.getAttribute('data-points')).toBe(String(complete.length))
  await page.getByRole('button', { name: 'Table of History: Valid loss' }).click()
  expect(await history.getByRole('row').count()).toBe(complete.length + 1)
  expect(await page.getByTestId('trial-curves').locator('polyline').count()).toBe(17)
  expect(await page.getByTestId('parallel-coordinates').locator('polyline').count()).toBe(17)
  const shares = await page.getByTestId('importance-row').locator('td:nth-child(2)').allInnerTexts()
  // Each is rounded to a tenth of a per cent.
  expect(Math.abs(shares.reduce((sum, share) => sum + Number.parseFloat(share), 0) - 100)).toBeLessThan(0.16)
  expect(await page.getByTestId('notices').textContent()).toContain('at the high end of baseLr: search it from')
  await takePicture(page, 'study-finished')
  expect([...errors, ...faults]).toEqual([])
})

test('the baseline is told from trials by hand, drawn beside the others, and what the search gained over it is said', async () => {
  const { page, errors } = await openPage(browser, `${url}/#/studies`)
  await page.getByRole('link', { name: 'Rates of a line' }).click()
  await expect.poll(() => page.getByTestId('study-status').textContent(), { timeout: 60_000 }).toBe('Finished')
  const [trials = []] = await platform.services.studies.trialsOf([studyId])
  const losses = trials.flatMap(({ state, values }) => (state === 'complete' && values ? [values[0] ?? Infinity] : []))
  const baseline = trials[0]?.values?.[0] ?? Number.NaN

  const row = (number: number) => page.getByTestId('trial-row').filter({ hasText: new RegExp(`^#${number}\\b`) })
  expect(await row(0).getByRole('rowheader').textContent()).toBe('#0 baseline')
  expect(await row(3).getByRole('rowheader').textContent()).toContain('by hand')
  const gain = page.getByTestId('baseline-gain')
  expect(await gain.textContent()).toContain(`−${(baseline - Math.min(...losses)).toFixed(4)}`)
  expect(await gain.textContent()).toContain(`trial 0 has ${baseline.toFixed(4)}`)

  await page.getByRole('button', { name: 'Table of History: Valid loss' }).click()
  const drawn = await page.getByTestId('history-chart').locator('tbody td:nth-child(4)').allInnerTexts()
  expect(drawn).toEqual(losses.map(() => baseline.toFixed(4)))
  expect([...errors, ...faults]).toEqual([])
})

test('an address that leads nowhere says so, and leads back', async () => {
  const { page, errors } = await openPage(browser, `${url}/#/studies/nowhere`)
  await page.getByRole('heading', { name: 'Study not found' }).waitFor()
  await page.getByRole('link', { name: 'Show all studies' }).click()
  await page.getByTestId('study-row').first().waitFor()
  expect([...errors, ...faults]).toEqual([])
})

test('a study is started from the form; what the server refuses stands at its field', async () => {
  const { page, errors } = await openPage(browser, `${url}/#/new-study`)
  const form = page.getByTestId('study-form')
  await expect.poll(() => form.locator('[name=dataset]').inputValue(), { timeout: 10_000 }).not.toBe('')
  await form.locator('[name=name]').fill('From the form')
  await form.locator('[name=epochs]').fill('1.5')
  await form.getByRole('button', { name: 'Start' }).click()
  expect(await form.getByRole('alert').allTextContents()).toEqual(['Must be a whole number'])
  await form.locator('[name=epochs]').fill('2')
  await form.locator('[name=objective]').selectOption('validLoss')
  await form.locator('[name=trials]').fill('3')
  const start = form.getByRole('button', { name: 'Start' })

  // Under Advanced, which opens by itself to show what is wrong.
  await form.getByText('Advanced').click()
  await form.locator('[name=finalSeeds]').fill('0')
  await form.locator('[name=rungs]').fill('2, 1')
  await form.getByText('Advanced').click()
  await start.click()
  await expect
    .poll(() => form.getByRole('alert').allTextContents())
    .toEqual(['The rungs are [2, 1]: they must be integers that rise, below 2'])
  expect(await form.locator('[name=rungs]').evaluate((field) => field.matches(':focus'))).toBe(true)
  await form.locator('[name=rungs]').fill('1')
  await form.getByLabel('Begin with these settings').selectOption('no')

  await form.getByLabel('Add a parameter').selectOption('optimizer')
  await form.getByLabel('Add a parameter').selectOption('momentum')
  await form.locator('[name="momentum.when"]').selectOption('optimizer')
  await form.locator('[name="momentum.when.adamw"]').uncheck()
  await form.locator('[name="momentum.when.sgd"]').check()

  await form.locator('[name="baseLr.high"]').fill('20')
  await start.click()
  const alert = form.getByTestId('space-row').filter({ hasText: 'Base learning rate' }).getByRole('alert')
  expect(await alert.textContent()).toMatch(/^Cannot be 20: must be a number from/)
  await takePicture(page, 'study-form-refused')
  await form.locator('[name="baseLr.high"]').fill('0.2')
  await start.click()

  await page.getByRole('heading', { name: 'From the form' }).waitFor()
  await expect.poll(() => page.getByTestId('study-status').textContent(), { timeout: 60_000 }).toBe('Finished')
  await expect.poll(() => page.getByTestId('trial-row').count()).toBe(3)
  const facts = await page.getByTestId('study-facts').textContent()
  expect(facts).toContain('0.8 to 0.98, where optimizer is sgd')
  expect(facts).toContain('Rungs, in epochs1, 2')
  expect(facts).toContain('Baselinenone')
  expect(facts).toContain('Winner trained anewno')
  expect([...errors, ...faults]).toEqual([])
})
