/**
 * An exported demo page, opened from disk, on Chromium's WebGPU (SwiftShader): it says of an image what Node says by the same
 * weights and pixels, within the bound of engine.test.ts.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  Classifier,
  decodeSafetensors,
  encodeSafetensors,
  fileOf,
  modelOf,
  type Prediction,
  prepareImage,
} from '@sporeprint/engine'
import { openNodeDevice, writeWeightsFile } from '@sporeprint/engine/node'
import { runCli } from '@sporeprint/server/testing'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formulaModel } from '../export/onnxruntime.ts'
import { reference } from '../parity/internals.ts'
import { openBrowser, openPage, takePicture } from './browser.ts'

const classes = ['amber <b>', 'moss', 'slate']
const saved = formulaModel({ arch: 'resnet18', head: 'linear', classes, size: 32 })
const [width, height] = [80, 60]
const rgb = Buffer.from(Uint8Array.from(reference.formulaPixels(1, 1, width)).subarray(0, width * height * 3))

let dir: string
let browser: Browser
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-demo-'))
  browser = await openBrowser(['--enable-unsafe-webgpu'])
})
afterAll(async () => {
  await browser?.close()
  await rm(dir, { recursive: true, force: true })
})

async function inNode(): Promise<Prediction> {
  const rgba = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .ensureAlpha()
    .raw()
    .toBuffer()
  const halved = decodeSafetensors(Buffer.concat([...encodeSafetensors(fileOf(saved), { half: true })]), 'halved')
  const model = modelOf(halved, 'halved')
  const device = await openNodeDevice({ validation: true })
  try {
    const classifier = await Classifier.load(device, model, { batch: 1 })
    const [said] = await classifier.predict(prepareImage({ data: rgba, width, height }, 32, model.preprocessing))
    if (!said) throw new Error('nothing was said')
    return said
  } finally {
    await device.destroy()
  }
}

/** Waits for what the page says; fails with its own words where it tells of a problem. */
async function onPage(page: Page): Promise<Prediction> {
  await page.waitForSelector('#file:enabled, #status.problem', { state: 'attached', timeout: 300_000 })
  expect(await page.locator('#status.problem').allTextContents()).toEqual([])
  await page.setInputFiles('#file', join(dir, 'image.png'))
  await page.waitForFunction(() => document.documentElement.dataset.prediction !== undefined)
  return JSON.parse(await page.evaluate(() => document.documentElement.dataset.prediction ?? ''))
}

test('an exported page opened from disk says of a chosen image what Node says', async () => {
  await writeWeightsFile(join(dir, 'model.safetensors'), fileOf(saved))
  await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(dir, 'image.png'))
  const exported = await runCli(['export', 'model.safetensors', '--out', 'demo.html', '--json'], { cwd: dir })
  expect(exported).toMatchObject({ code: 0 })
  expect(JSON.parse(exported.stdout)).toMatchObject({ format: 'html', half: true, classes })

  const { page, errors } = await openPage(browser, pathToFileURL(join(dir, 'demo.html')).href)
  const said = await onPage(page)
  await takePicture(page, 'demo')
  const { label, logits } = await inNode()
  expect(reference.relativeError(said.logits, logits)).toBeLessThan(2e-4)
  expect(await page.locator('#label').textContent()).toBe(label)
  expect(await page.locator('#bars li').count()).toBe(classes.length)

  await writeFile(join(dir, 'image.png'), 'no image')
  await page.setInputFiles('#file', join(dir, 'image.png'))
  await page.waitForSelector('#status.problem')
  expect(await page.locator('#status').textContent()).toBe('This is no image that the browser can read.')
  expect(errors).toEqual([])
})

test('a browser without WebGPU is told so, and which ones have it', async () => {
  const without = await openBrowser()
  try {
    const { page } = await openPage(without, pathToFileURL(join(dir, 'demo.html')).href)
    await page.waitForSelector('#status.problem')
    expect(await page.locator('#status').textContent()).toMatch(/^This browser offers no WebGPU here/)
    expect(await page.locator('#file').isDisabled()).toBe(true)
  } finally {
    await without.close()
  }
})
