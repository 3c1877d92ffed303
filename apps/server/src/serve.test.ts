import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type CliProcess, type CliResult, runCli, startCli } from './testing/cli.ts'

let folder: string
const running = new Set<CliProcess>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-serve-'))
})

afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGKILL')
    await ended
  }
  running.clear()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

interface Served {
  url: string
  process: CliProcess
  stop: () => Promise<CliResult>
}

/** Starts a server on a free port, by default on a data folder that the tests share. */
async function serve(args: readonly string[], data = 'data'): Promise<Served> {
  const process = startCli(['serve', '--data', data, '--port', '0', ...args], {
    cwd: folder,
    env: { DATABASE_URL: '' },
  })
  running.add(process)
  const [, url = ''] = await process.said(/listens on (http:\S+)/)
  const stop = async (): Promise<CliResult> => {
    process.child.kill('SIGTERM')
    const result = await process.ended
    running.delete(process)
    return result
  }
  return { url, process, stop }
}

async function query<T>(url: string, text: string, variables: object = {}): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text, variables }),
  })
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown }
  expect(errors).toBeUndefined()
  return data
}

describe('serve', () => {
  test('answers, and ends with exit code 0 soon after SIGTERM', async () => {
    const { url, stop } = await serve(['--no-worker'])
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
    const asked = performance.now()
    const { code, stderr } = await stop()
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('SIGTERM: stopping.') })
    expect(performance.now() - asked).toBeLessThan(5000)
  })

  test('prints one JSON document under --json once it listens', async () => {
    const { url, stop } = await serve(['--no-worker', '--json'])
    const { stdout } = await stop()
    expect(JSON.parse(stdout)).toEqual({ url, data: join(folder, 'data'), worker: false })
  })

  test('starts the demo run at the first start and never again', async () => {
    const runs = '{ runs { totalCount edges { node { status tags dataset { classes { name } } } } } }'
    for (const start of ['first', 'second']) {
      const { url, process, stop } = await serve(['--no-worker', '--demo'], 'demo')
      await process.said(/Ctrl-C ends it/)
      expect(await query(url, runs)).toEqual({
        runs: {
          totalCount: 1,
          edges: [
            {
              node: { status: 'QUEUED', tags: ['demo'], dataset: { classes: expect.objectContaining({ length: 9 }) } },
            },
          ],
        },
      })
      const { stdout } = await stop()
      expect(stdout.includes('A demo run trains')).toBe(start === 'first')
    }
  })
})

describe('a server that cannot start says why in one line', () => {
  async function refused(args: readonly string[], code = 1): Promise<string> {
    const result = await runCli(args, { cwd: folder, env: { DATABASE_URL: '' } })
    expect(result).toMatchObject({ code, stdout: '' })
    // Of the lines on stderr, the last is the error; a console that is not built is told before.
    expect(result.stderr).not.toMatch(/^\s+at /m)
    return result.stderr.trim().split('\n').at(-1) ?? ''
  }

  test('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      expect(await refused(['serve', '--data', 'data', '--port', String(port)])).toContain(
        `sporeprint: Port ${port} on 127.0.0.1 is taken`,
      )
    } finally {
      other.close()
    }
  })

  test('when another server has the data folder', async () => {
    const { process, stop } = await serve(['--no-worker'])
    expect(await refused(['serve', '--data', 'data', '--port', '0'])).toContain(
      `is in use by process ${process.child.pid}`,
    )
    await stop()
  })

  test('when others could reach it without a token', async () => {
    expect(await refused(['serve', '--data', 'data', '--port', '0', '--host', '0.0.0.0'])).toContain('needs a token')
  })

  test('when PORT is no port', async () => {
    const result = await runCli(['serve'], { cwd: folder, env: { PORT: 'http' } })
    expect(result).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('It must be a whole number from 0 to 65535.'),
    })
  })

  test('when a worker has no database to take jobs from', async () => {
    expect(await refused(['worker'], 2)).toContain('worker needs DATABASE_URL')
  })

  test('when the database does not answer', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }
    const result = await runCli(['worker'], { cwd: folder, env })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^sporeprint: [^\n]*127\.0\.0\.1[^\n]*\n$/)
  })
})

describe('a run', () => {
  interface RunState {
    run: {
      status: string
      error: { message: string } | null
      progress: { step: number } | null
      epochs: { epoch: number }[]
    }
  }
  const state = 'query ($id: ID!) { run(id: $id) { status attempt error { message } epochs { epoch } } }'

  /** Asks until the run is as it shall be; a run that has failed never will be. */
  async function until(url: string, id: string, wanted: (run: RunState['run']) => boolean): Promise<RunState['run']> {
    for (;;) {
      const { run } = await query<RunState>(url, state, { id })
      if (wanted(run)) return run
      expect(run).not.toMatchObject({ status: 'FAILED' })
      expect(run).not.toMatchObject({ status: 'CRASHED' })
      await setTimeout(200)
    }
  }

  test('goes on from its checkpoint when the server ends and when the engine host is killed', async () => {
    const images = join(folder, 'synth')
    expect(await runCli(['data', 'synth', images, '--count', '10', '--test', '0', '--size', '32'])).toMatchObject({
      code: 0,
    })
    const first = await serve([])
    const { importDataset } = await query<{ importDataset: { dataset: { id: string } } }>(
      first.url,
      'mutation ($path: String!) { importDataset(input: { path: $path }) { ... on ImportDatasetSuccess { dataset { id } } } }',
      { path: images },
    )
    const { startRun } = await query<{ startRun: { run: { id: string } } }>(
      first.url,
      `mutation ($dataset: ID!) {
        startRun(input: { dataset: $dataset, config: { size: 32, batch: 16, epochs: 3 } }) {
          ... on StartRunSuccess { run { id } }
        }
      }`,
      { dataset: importDataset.dataset.id },
    )
    const { id } = startRun.run
    await until(first.url, id, ({ epochs }) => epochs.length === 1)
    expect(await first.stop()).toMatchObject({ code: 0 })

    const second = await serve([])
    await until(second.url, id, ({ epochs }) => epochs.length === 2)
    const hosts = await childrenOf(second.process.child.pid)
    expect(hosts).toHaveLength(1)
    for (const host of hosts) process.kill(host, 'SIGKILL')
    const done = await until(second.url, id, ({ status }) => status === 'SUCCEEDED')
    expect(done).toMatchObject({ attempt: 3, epochs: [{ epoch: 0 }, { epoch: 1 }, { epoch: 2 }] })
    expect(await second.stop()).toMatchObject({ code: 0 })
  })
})

/** Process ids of the children of a process, from the kernel's own table. */
async function childrenOf(parent: number | undefined): Promise<number[]> {
  const ids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const parents = await Promise.all(
    ids.map(async (id) => {
      const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')
      // pid (name) state ppid …; the name may hold anything.
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    }),
  )
  return ids.filter((_, i) => parents[i] === parent)
}
