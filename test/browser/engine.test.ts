/**
 * The engine's core unchanged on a page: the same network, images and steps on Chromium's WebGPU (SwiftShader) and on Node's
 * adapter. The bound follows from that of test/parity: each adapter stays within 1e-4 of exact arithmetic, so two of them
 * stay within twice that of one another. It holds for losses after updates too, because an update of SGD is as smooth as its
 * gradient and the rate is too small for a ReLU that flips to matter.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { openNodeDevice } from '@sporeprint/engine/node'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, openPage } from './browser.ts'
import { type Bundle, bundleForPage } from './engine-bundle.ts'
import { type EngineResult, work } from './engine-work.ts'

const bound = 2e-4

let bundle: Bundle
let server: Server
let browser: Browser

beforeAll(async () => {
  bundle = await bundleForPage(fileURLToPath(new URL('./engine-page.ts', import.meta.url)))
  server = createServer(({ url }, response) => {
    const script = url === '/page.js'
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(
      script ? bundle.code : '<!doctype html><title>Engine</title><script type="module" src="/page.js"></script>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  browser = await openBrowser(['--enable-unsafe-webgpu'])
})
afterAll(async () => {
  await browser?.close()
  server?.close()
})

/** max|Δ| over max|expected|. */
function relativeDifference(actual: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs))
  return Math.max(...expected.map((value, i) => Math.abs((actual[i] ?? Number.NaN) - value))) / scale
}

async function onPage(): Promise<EngineResult> {
  const { port } = server.address() as AddressInfo
  const { page, errors } = await openPage(browser, `http://127.0.0.1:${port}/`)
  const result = await page.evaluate(() => window.trainHere())
  expect(errors).toEqual([])
  return result
}

async function inNode(): Promise<EngineResult> {
  const device = await openNodeDevice({ validation: true })
  try {
    return await work(device)
  } finally {
    await device.destroy()
  }
}

test("the core's bundle for a page holds nothing of Node and no package but the engine and its metrics", () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const own = /^(packages\/(engine|metrics)\/src|test\/browser)\//
  const modules = bundle.modules.map((id) => (id.startsWith(root) ? id.slice(root.length) : id))
  expect(modules).toContain('packages/engine/src/train/learner.ts')
  expect(modules.filter((id) => !own.test(id))).toEqual([])
  expect(bundle.imports).toEqual([])
})

test('a page classifies an image and takes three training steps with the numbers that Node gets', async () => {
  const node = await inNode()
  const page = await onPage()
  expect(page.adapter.name).toMatch(/swiftshader/i)
  expect(page.answer).toBe(node.answer)
  expect(page.losses).toHaveLength(3)
  expect(relativeDifference(page.logits, node.logits)).toBeLessThan(bound)
  expect(relativeDifference(page.losses, node.losses)).toBeLessThan(bound)
  expect(relativeDifference([page.validLoss], [node.validLoss])).toBeLessThan(bound)
})
