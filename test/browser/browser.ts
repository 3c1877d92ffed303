import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

/** Debian's Chromium, kept from talking to anything but the page under test. `flags` are added to its command line. */
export function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...flags,
    ],
  })
}

/**
 * A page whose errors, of script or console, are collected in `errors`. `pages` are documents by address that the browser
 * gets instead of asking for them.
 */
export async function openPage(
  browser: Browser,
  url: string,
  pages: Record<string, string> = {},
): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  for (const [address, body] of Object.entries(pages)) {
    await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body }))
  }
  await page.goto(url)
  return { page, errors }
}

/** Leaves a picture of the whole page in test/browser/screenshots, for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url))
  await mkdir(dirname(path), { recursive: true })
  await page.screenshot({ path, fullPage: true })
}
