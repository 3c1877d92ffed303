import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { type DownloadOptions, download } from './download.ts'

const body = randomBytes(300_000)
const sha256 = createHash('sha256').update(body).digest('hex')
const etag = '"one"'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let dir: string
let path: string
let server: Server
let url: string
/** What the server does with its first, second, … request; the last holds for those that follow. */
let answers: Answer[]
let requests: IncomingMessage[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-download-'))
  path = join(dir, 'weights')
  answers = []
  requests = []
  server = createServer((request, response) => {
    requests.push(request)
    const answer = answers[Math.min(requests.length, answers.length) - 1]
    answer?.(request, response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pth`
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  await rm(dir, { recursive: true, force: true })
})

/** A server as it should be: ranges, an ETag, If-Range. */
const serve =
  (content: Buffer = body, tag = etag): Answer =>
  (request, response) => {
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const part = first > 0 && request.headers['if-range'] === tag
    const bytes = part ? content.subarray(first) : content
    response.writeHead(part ? 206 : 200, {
      etag: tag,
      'content-length': bytes.length,
      ...(part && { 'content-range': `bytes ${first}-${content.length - 1}/${content.length}` }),
    })
    response.end(bytes)
  }

/** Promises all of it, sends some, and then does `next`. */
const begin =
  (bytes: number, next: (response: ServerResponse) => void, headers: Record<string, string> = { etag }): Answer =>
  (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': body.length })
    response.write(body.subarray(0, bytes), () => next(response))
  }

/** The connection ends when the client has had the time to take in what was sent. */
const breakOff = (response: ServerResponse): void => void setTimeout(() => response.destroy(), 50)

const get = (options: DownloadOptions = {}) =>
  download(url, path, { sha256, retryDelayMs: 1, stallMs: 1000, retries: 2, ...options })

/** Fails as it should, and leaves nothing under the file's own name. */
async function fails(options: DownloadOptions = {}): Promise<EngineError> {
  const error = await get(options).then(
    () => new Error('it was downloaded'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(EngineError)
  expect(await readdir(dir)).not.toContain('weights')
  return error as EngineError
}

const arrived = async (): Promise<void> => {
  expect(await readdir(dir)).toEqual(['weights'])
  expect((await readFile(path)).equals(body)).toBe(true)
}

test('a file arrives whole, tells how far it is, and leaves nothing beside it', async () => {
  answers = [serve()]
  const told: [number, number | null][] = []
  expect(await get({ onProgress: (done, total) => told.push([done, total]) })).toEqual({ sha256 })
  await arrived()
  expect(told.at(-1)).toEqual([body.length, body.length])
})

test('the first eight digits of a hash are enough, and without one any content is taken', async () => {
  answers = [serve()]
  await get({ sha256: sha256.slice(0, 8) })
  await arrived()
  await rm(path)
  expect(await get({ sha256: undefined })).toEqual({ sha256 })
})

test('what breaks off goes on where it stopped', async () => {
  answers = [begin(100_000, breakOff), serve()]
  await get()
  await arrived()
  expect(requests[1]?.headers).toMatchObject({ range: 'bytes=100000-', 'if-range': etag })
})

test('what was given up goes on in a later download', async () => {
  answers = [begin(100_000, breakOff)]
  expect(await fails({ retries: 0 })).toMatchObject({ code: 'DOWNLOAD' })
  expect((await readdir(dir)).sort()).toEqual(['weights.part', 'weights.part.json'])
  answers = [serve()]
  await get()
  await arrived()
  expect(requests[1]?.headers.range).toBe('bytes=100000-')
})

test('what another address has left is not gone on with', async () => {
  answers = [begin(100_000, breakOff)]
  await fails({ retries: 0 })
  answers = [serve()]
  url = url.replace('weights.pth', 'other.pth')
  await get()
  await arrived()
  expect(requests[1]?.headers.range).toBeUndefined()
})

test('a server that stalls is given up, and tried again', async () => {
  answers = [begin(100_000, () => {}), () => {}, serve()]
  await get({ stallMs: 200 })
  await arrived()
  expect(requests).toHaveLength(3)
})

test('a server that only ever stalls fails, saying so', async () => {
  answers = [() => {}]
  expect(await fails({ stallMs: 50 })).toMatchObject({
    code: 'DOWNLOAD',
    message: expect.stringMatching(/weights\.pth could not be downloaded: it was silent for 0\.05 s/),
  })
  expect(requests).toHaveLength(3)
})

test('a server that ignores ranges sends all of it again', async () => {
  answers = [
    begin(100_000, breakOff),
    (_, response) => response.writeHead(200, { etag, 'content-length': body.length }).end(body),
  ]
  await get()
  await arrived()
})

test('without anything to tell two contents apart, it begins again', async () => {
  answers = [begin(100_000, breakOff, {}), serve()]
  await get()
  await arrived()
  expect(requests[1]?.headers.range).toBeUndefined()
  await rm(path)
  requests = []
  answers = [begin(100_000, breakOff, { etag: 'W/"weak"' }), serve()]
  await get()
  expect(requests[1]?.headers.range).toBeUndefined()
})

test('a file that changes between two parts is taken anew, whether or not the server minds If-Range', async () => {
  const old = begin(100_000, breakOff, { etag: '"old"' })
  answers = [old, serve()]
  await get()
  await arrived()
  await rm(path)
  requests = []
  const careless: Answer = (request, response) => {
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const headers = { etag, 'content-range': `bytes ${first}-${body.length - 1}/${body.length}` }
    response.writeHead(first > 0 ? 206 : 200, headers).end(body.subarray(first))
  }
  answers = [old, careless]
  await get()
  await arrived()
  expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=100000-', undefined])
})

test('a server that sends another part than was asked for is not believed', async () => {
  const wrong: Answer = (_, response) =>
    response.writeHead(206, { etag, 'content-range': `bytes 0-99/${body.length}` }).end(body.subarray(0, 100))
  answers = [begin(100_000, breakOff), wrong, serve()]
  await get()
  await arrived()
})

test('other bytes are refused by their hash, and nothing of them is kept', async () => {
  answers = [serve(randomBytes(300_000))]
  expect(await fails()).toMatchObject({ code: 'BAD_WEIGHTS', message: expect.stringContaining(`not ${sha256}`) })
  expect(await readdir(dir)).toEqual([])
})

test('a server that promises more than it sends fails after all tries', async () => {
  answers = [
    (_, response) => {
      response.writeHead(200, { etag, 'content-length': body.length + 10 })
      response.write(body, () => breakOff(response))
    },
    (_, response) => response.writeHead(416).end(),
  ]
  expect((await fails()).code).toBe('DOWNLOAD')
})

test('a server that promises less than the file has is found out', async () => {
  answers = [(_, response) => response.writeHead(200, { etag, 'content-length': 1000 }).end(body.subarray(0, 1000))]
  expect(await fails()).toMatchObject({ code: 'BAD_WEIGHTS', message: expect.stringContaining('SHA-256') })
})

test('a stream without end is cut off, and nothing of it is kept', async () => {
  answers = [
    (_, response) => {
      response.writeHead(200, { etag })
      const more = (): void => void (response.writable && response.write(body, () => setImmediate(more)))
      more()
    },
  ]
  expect(await fails({ maxBytes: 1_000_000 })).toMatchObject({
    message: expect.stringContaining('larger than 1000000'),
  })
  expect(await readdir(dir)).toEqual([])
})

test.each([403, 404, 410])('answer %i ends it at once', async (status) => {
  answers = [(_, response) => response.writeHead(status).end('<html>')]
  expect(await fails()).toMatchObject({
    code: 'DOWNLOAD',
    message: expect.stringContaining(`the server answers ${status}`),
  })
  expect(requests).toHaveLength(1)
})

test.each([429, 500, 503])('answer %i is tried again', async (status) => {
  const refuse: Answer = (_, response) => response.writeHead(status).end()
  answers = [refuse, begin(100_000, breakOff), refuse, serve()]
  await get()
  await arrived()
  answers = [refuse]
  await rm(path)
  expect((await fails()).message).toContain(`answers ${status}`)
})

test('redirects are followed, but not for ever', async () => {
  answers = [(_, response) => response.writeHead(302, { location: '/elsewhere' }).end(), serve()]
  await get()
  await arrived()
  expect(requests[1]?.url).toBe('/elsewhere')
  await rm(path)
  answers = [(_, response) => response.writeHead(302, { location: '/round' }).end()]
  expect((await fails({ retryDelayMs: 10_000 })).code).toBe('DOWNLOAD')
})

test('a server that is not there fails at once', async () => {
  await new Promise((closed) => server.close(closed))
  const started = performance.now()
  expect(await fails({ retryDelayMs: 10_000 })).toMatchObject({
    code: 'DOWNLOAD',
    message: expect.stringContaining('is this machine on the network?'),
  })
  expect(performance.now() - started).toBeLessThan(5000)
})

test('a stop on request keeps what has come', async () => {
  const controller = new AbortController()
  answers = [begin(100_000, () => setTimeout(() => controller.abort(), 50))]
  expect((await fails({ signal: controller.signal })).code).toBe('ABORTED')
  answers = [serve()]
  await get()
  await arrived()
  expect(requests[1]?.headers.range).toBe('bytes=100000-')
})

test('what had come whole when its process ended is not asked for again', async () => {
  answers = [serve()]
  const controller = new AbortController()
  const onProgress = (done: number, total: number | null) => done === total && controller.abort()
  expect((await fails({ signal: controller.signal, onProgress })).code).toBe('ABORTED')
  expect((await readdir(dir)).sort()).toEqual(['weights.part', 'weights.part.json'])
  await get()
  await arrived()
  expect(requests).toHaveLength(1)
})

test('a folder that is not there is a matter of the disk', async () => {
  path = join(dir, 'nowhere', 'weights')
  answers = [serve()]
  expect(await fails()).toMatchObject({ code: 'DISK', message: expect.stringContaining(path) })
})

test('a full disk is said to be full, and the download goes on once there is space', async ({ skip }) => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', dir], { stdio: 'pipe' })
  } catch {
    skip('only root can mount a small disk')
  }
  try {
    answers = [serve()]
    expect(await fails()).toMatchObject({
      code: 'DISK',
      message: expect.stringMatching(/disk is full.*goes on from where/),
    })
    execFileSync('mount', ['-o', 'remount,size=1m', dir], { stdio: 'pipe' })
    await get()
    await arrived()
    expect(requests[1]?.headers.range).toMatch(/^bytes=\d{5,}-$/)
  } finally {
    execFileSync('umount', [dir], { stdio: 'pipe' })
  }
})

test.each(['file:///etc/passwd', 'ftp://host/x', 'weights.pth', 'http://me:secret@host/x'])(
  '%s is no address to download from',
  async (address) => {
    await expect(download(address, path)).rejects.toMatchObject({ code: 'BAD_CONFIG' })
    expect(requests).toHaveLength(0)
  },
)
