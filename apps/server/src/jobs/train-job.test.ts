import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRunConfig } from '@sporeprint/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { trainJob } from './train-job.ts'

let folder: string
const here = process.cwd()
const cache = process.env.XDG_CACHE_HOME

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-job-'))
  process.env.XDG_CACHE_HOME = join(folder, 'cache')
  process.chdir(folder)
})
afterAll(async () => {
  process.chdir(here)
  if (cache === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = cache
  await rm(folder, { recursive: true, force: true })
})

test('a job’s weights by name are never a file that happens to lie where the worker runs', async () => {
  await writeFile('mine', 'a secret')
  const config = parseRunConfig({ weights: 'mine' })
  const job = {
    runId: 1,
    config,
    datasetPath: folder,
    outDir: join(folder, 'out'),
    resume: false,
    until: null,
    restarts: [],
  }
  const running = trainJob(job, { signal: new AbortController().signal, report: () => {} })
  await expect(running).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining('no weights are known by that name'),
  })
})
