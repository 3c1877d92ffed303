/** Every suite that touches the database runs on both kinds; a missing PostgreSQL is said, not passed over. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { migrationsFolder } from '../db/migrations.ts'
import { openPlatform, type Platform, type PlatformOptions } from '../platform.ts'
import { hasPostgres, startPostgres, type TestPostgres } from './postgres.ts'

export interface TestDatabase {
  kind: 'PGlite' | 'PostgreSQL'
  /** Options of a platform with a data folder and a database of its own; they may be opened again after a close. */
  fresh(): Promise<PlatformOptions>
  /** A platform that is closed when the test has finished. */
  open(options?: Partial<PlatformOptions>): Promise<Platform>
}

/** A folder that is gone when the test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sporeprint-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Two classes of two files each; nothing decodes them here. */
export async function datasetFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'letters')
  for (const name of ['a', 'b']) {
    await mkdir(join(folder, name), { recursive: true })
    for (const file of ['1.jpg', '2.png']) await writeFile(join(folder, name, file), name)
  }
  return folder
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/** An empty, migrated database, kept between test runs: making one takes seconds, starting from one tenths of a second. */
export async function migratedImage(): Promise<Blob> {
  const hash = createHash('sha256')
  for (const name of readdirSync(migrationsFolder).sort()) {
    if (name.endsWith('.sql')) hash.update(readFileSync(join(migrationsFolder, name)))
  }
  // What was applied is known by its time, which is only here.
  hash.update(readFileSync(join(migrationsFolder, 'meta', '_journal.json')))
  const file = join(cache, `database-${hash.digest('hex').slice(0, 16)}.tar`)
  const kept = await readFile(file).catch(() => null)
  if (kept) return new Blob([kept])
  const dataDir = await mkdtemp(join(tmpdir(), 'sporeprint-image-'))
  const platform = await openPlatform({ dataDir, closeOnSignals: false })
  const image = await platform.image()
  await platform.close()
  await rm(dataDir, { recursive: true, force: true })
  if (!image) throw new Error('The embedded database gave no dump')
  await mkdir(cache, { recursive: true })
  // Test files run side by side: whole, or not there.
  const draft = `${file}.${process.pid}`
  await writeFile(draft, image.stream())
  await rename(draft, file)
  return image
}

function testDatabase(kind: TestDatabase['kind'], database: () => Promise<Partial<PlatformOptions>>): TestDatabase {
  const fresh = async () => ({
    dataDir: await temporaryFolder(),
    closeOnSignals: false,
    onError: (error: Error) => {
      throw error
    },
    ...(await database()),
  })
  return {
    kind,
    fresh,
    async open(options) {
      const platform = await openPlatform({ ...(await fresh()), ...options })
      onTestFinished(() => platform.close())
      return platform
    },
  }
}

/** Runs a suite on PGlite and on PostgreSQL. */
export function onEveryDatabase(title: string, suite: (database: TestDatabase) => void): void {
  describe(`${title} (PGlite)`, () => {
    let image: Blob
    beforeAll(async () => {
      image = await migratedImage()
    })
    suite(testDatabase('PGlite', async () => ({ image })))
  })
  describe.skipIf(!hasPostgres)(`${title} (PostgreSQL; needs DATABASE_URL_TEST or Debian's postgresql)`, () => {
    let postgres: TestPostgres
    beforeAll(async () => {
      postgres = await startPostgres()
    })
    afterAll(() => postgres?.stop())
    suite(testDatabase('PostgreSQL', async () => ({ databaseUrl: await postgres.create() })))
  })
}
