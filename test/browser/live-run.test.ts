/** The whole path with real parts: images on disk → engine → queue → database → live events → a curve in a real browser. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { startCli } from '@sporeprint/server/testing'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, openPage, takePicture } from './browser.ts'
import { startServer, type TestServer } from './server.ts'

let dir: string
let server: TestServer
let browser: Browser

/** Three classes of the demo artwork, `perClass` training images each and 20 of the held-out vendor as test set. */
async function makeDataset(to: string, perClass: number): Promise<void> {
  const all = join(dir, 'all')
  expect(await startCli(['data', 'demo', all]).ended).toMatchObject({ code: 0 })
  for (const [split, most] of [
    ['train', perClass],
    ['test', 20],
  ] as const) {
    for (const name of ['building', 'produce', 'vehicle']) {
      for (const file of (await readdir(join(all, split, name))).slice(0, most)) {
        await cp(join(all, split, name, file), join(to, split, name, file))
      }
    }
  }
}

/** A page of somebody else's, on the server's origin, whose style sheet fights everything on it. */
async function openForeignPage(run: string) {
  const address = `${server.url}/somebody/elses/page`
  return openPage(browser, address, {
    [address]: `<!doctype html><title>Somebody else's page</title>
      <style>* { font: 40px cursive !important; color: red !important; display: inline !important }</style>
      <h1>Somebody else's page</h1>
      <sporeprint-console endpoint="/graphql" run="${run}"></sporeprint-console>
      <script type="module" src="/sporeprint-console.js"></script>`,
  })
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-browser-'))
  await makeDataset(join(dir, 'artwork'), 40)
  server = await startServer(join(dir, 'data'))
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await rm(dir, { recursive: true, force: true })
})

test('a run started in the console draws a growing curve and finishes with a report on the test images', async () => {
  const { importDataset } = await server.query<{ importDataset: { dataset: { id: string } } }>(
    `mutation ($path: String!) {
      importDataset(input: { path: $path, name: "Artwork" }) { ... on ImportDatasetSuccess { dataset { id } } }
    }`,
    { path: join(dir, 'artwork') },
  )
  expect(importDataset.dataset.id).toBeTruthy()

  const { page, errors } = await openPage(browser, server.url)
  await page.getByTestId('start-run').first().click()
  const form = page.getByTestId('start-form')
  await form.locator('[name=dataset]').selectOption({ label: 'Artwork' })
  await form.locator('[name=name]').fill('Three kinds of artwork')
  await form.locator('[name=arch][value=resnet18]').check()
  for (const [name, value] of Object.entries({ size: 32, batch: 8, epochs: 3, baseLr: 0.001 })) {
    await form.locator(`[name=${name}]`).fill(String(value))
  }
  await form.getByRole('button', { name: 'Start' }).click()

  const chart = page.getByTestId('loss-chart')
  const points = async (): Promise<number> => Number(await chart.getAttribute('data-points'))
  await expect.poll(points, { timeout: 120_000 }).toBeGreaterThan(0)
  const first = await points()
  await expect.poll(points, { timeout: 60_000 }).toBeGreaterThan(first)
  await takePicture(page, 'run-running')

  const status = page.getByTestId('run-status').first()
  await expect.poll(() => status.getAttribute('data-status'), { timeout: 180_000 }).toBe('SUCCEEDED')
  // 96 training images in batches of 8, three times.
  await expect.poll(points).toBe(36)
  await expect.poll(() => page.getByTestId('epoch-row').count()).toBe(3)
  // The evaluation that follows a run: of every split, the test images in full, the worst of them with their pictures.
  await page.getByTestId('worst').locator('img').first().waitFor({ timeout: 120_000 })
  expect(await page.getByTestId('show-train').count()).toBe(1)
  expect(await page.getByTestId('model-calibration').textContent()).toContain('Calibrated on 24 images: temperature')
  expect(await page.getByTestId('reliability').textContent()).toMatch(/after temperature \d\.\d\d, from 24 images/)
  await takePicture(page, 'run-finished')
  expect(errors).toEqual([])

  const { runs } = await server.query<{
    runs: {
      edges: {
        node: {
          evaluations: { split: string; n: number; calibratedBy: number }[]
          checkpoints: { calibration: { images: number; temperature: number } }[]
        }
      }[]
    }
  }>(
    '{ runs { edges { node { evaluations { split n calibratedBy } checkpoints { calibration { images temperature } } } } } }',
  )
  // It was calibrated before, on the validation images alone.
  const { evaluations, checkpoints } = runs.edges[0]?.node ?? {}
  const { images, temperature: calibratedBy } = checkpoints?.[0]?.calibration ?? {}
  expect(images).toBe(24)
  expect(evaluations).toEqual([
    { split: 'train', n: 96, calibratedBy },
    { split: 'valid', n: 24, calibratedBy },
    { split: 'test', n: 60, calibratedBy },
  ])
})

/** As if files had been dragged there from a file manager. */
async function drop(page: Page, zone: Locator, files: readonly string[]): Promise<void> {
  const dropped = await Promise.all(
    files.map(async (file) => ({ name: basename(file), bytes: [...(await readFile(file))] })),
  )
  const dataTransfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer()
    for (const { name, bytes } of all)
      transfer.items.add(new File([Uint8Array.from(bytes)], name, { type: 'image/png' }))
    return transfer
  }, dropped)
  await zone.dispatchEvent('drop', { dataTransfer })
}

test('an image dropped into the console is classified by the trained model, and shown why', async () => {
  const { page, errors } = await openPage(browser, server.url)
  await page.getByRole('link', { name: 'Three kinds of artwork' }).click()
  await page.getByRole('link', { name: 'Try it' }).click()
  const folder = join(dir, 'artwork', 'test', 'vehicle')
  const [name = ''] = await readdir(folder)
  const notes = join(dir, 'notes.jpg')
  await writeFile(notes, 'no image')
  await drop(page, page.getByTestId('drop-zone'), [notes, join(folder, name)])

  const prediction = page.getByTestId('prediction')
  await prediction.waitFor({ timeout: 60_000 })
  expect(await prediction.getAttribute('aria-label')).toBe(name)
  expect(await page.getByTestId('skipped').textContent()).toContain('notes.jpg could not be read: a text file')
  const rows = await prediction.getByTestId('probability').allInnerTexts()
  const said = rows
    .map((row) => row.split('\n'))
    .map(([label, share]) => ({ label, share: Number.parseFloat(share ?? '') }))
  expect(said.map(({ label }) => label).sort()).toEqual(['building', 'produce', 'vehicle'])
  // Each is rounded to a tenth of a per cent.
  expect(Math.abs(said.reduce((sum, { share }) => sum + share, 0) - 100)).toBeLessThan(0.16)
  expect(await prediction.getByTestId('prediction-label').textContent()).toBe(said[0]?.label)
  // Its run was calibrated, so that it can tell what it does not know.
  const { predictions } = await server.query<{ predictions: { nodes: { distance: number; outlier: boolean }[] } }>(
    '{ predictions { nodes { distance outlier } } }',
  )
  expect(predictions.nodes).toEqual([{ distance: expect.any(Number), outlier: expect.any(Boolean) }])

  await prediction.getByTestId('explain').click()
  const overlay = page.getByTestId('overlay')
  await expect.poll(() => overlay.getAttribute('data-drawn'), { timeout: 90_000 }).toBe('true')
  const drawn = () => overlay.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())
  expect(await page.getByTestId('trust').textContent()).toMatch(/R²\s*\d\.\d\d/)
  const weights = page.getByTestId('weight-row')
  expect(await weights.count()).toBeGreaterThan(0)
  const withAll = await drawn()
  await page.locator('[name=positive]').uncheck()
  await page.locator('[name=negative]').uncheck()
  await expect.poll(() => weights.count()).toBe(0)
  const bare = await drawn()
  expect(bare).not.toBe(withAll)
  await page.locator('[name=positive]').check()
  await page.locator('[name=negative]').check()
  await page.getByTestId(`class-${said[1]?.label}`).click()
  await expect.poll(drawn).not.toBe(withAll)
  await page.getByTestId(`class-${said[0]?.label}`).click()
  await expect.poll(drawn).toBe(withAll)
  await takePicture(page, 'explanation')

  // The address leads back to it.
  await page.reload()
  await expect.poll(() => overlay.getAttribute('data-drawn')).toBe('true')
  await expect.poll(drawn).toBe(withAll)
  expect(errors).toEqual([])
})

test('the same console lives inside a foreign page as one element, and stops a run within two seconds', async () => {
  const { datasets } = await server.query<{ datasets: { edges: { node: { id: string } }[] } }>(
    '{ datasets { edges { node { id } } } }',
  )
  const { startRun } = await server.query<{ startRun: { run: { id: string } } }>(
    `mutation ($dataset: ID!) {
      startRun(input: { dataset: $dataset, name: "To be stopped", config: { size: 32, batch: 8, epochs: 200 } }) {
        ... on StartRunSuccess { run { id } }
      }
    }`,
    { dataset: datasets.edges[0]?.node.id },
  )
  const { page, errors } = await openForeignPage(startRun.run.id)
  await expect
    .poll(() => page.getByTestId('loss-chart').getAttribute('data-points'), { timeout: 120_000 })
    .not.toBe('0')
  const stop = page.getByTestId('stop')
  await stop.click()
  const asked = performance.now()
  const status = page.getByTestId('run-status').first()
  await expect.poll(() => status.getAttribute('data-status'), { timeout: 10_000, interval: 50 }).toBe('STOPPED')
  expect(performance.now() - asked).toBeLessThan(2000)
  await takePicture(page, 'embedded-stopped')
  expect(errors).toEqual([])
})
