import { mkdir, writeFile } from 'node:fs/promises'
import { request as rawRequest } from 'node:http'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { ask, request } from '../testing/client.ts'
import { onEveryDatabase, temporaryFolder } from '../testing/databases.ts'

/** fetch sets Host itself; a request that lies about it has to be written by hand. */
const statusFor = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    rawRequest(url, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

onEveryDatabase('the server', (database) => {
  let platform: Platform
  beforeEach(async () => {
    platform = await database.open()
  })

  it('answers only to its own names, so that no other site can pose as it', async () => {
    const { url, port } = await platform.listen({ port: 0, allowedHosts: ['lab.example'] })
    for (const host of [`127.0.0.1:${port}`, 'localhost', `[::1]:${port}`, 'lab.example', `LAB.example:${port}`]) {
      expect(await statusFor(`${url}/health`, host), host).toBe(200)
    }
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, '10.0.0.1', 'localhost.evil']) {
      expect(await statusFor(`${url}/health`, host), host).toBe(421)
      expect(await statusFor(`${url}/nothing`, host), host).toBe(421)
    }
  })

  it('refuses simple cross-site requests, subscriptions on the wrong route, and operations too large', async () => {
    const server = await platform.listen({ port: 0 })
    for (const [path, status] of [
      ['/graphql', 400],
      ['/graphql/stream', 415],
    ] as const) {
      // What a form or fetch of another site can send without asking first.
      const simple = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', accept: 'text/event-stream' },
        body: '{"query":"{workers{id}}"}',
      })
      expect(simple.status, path).toBe(status)
    }
    const get = await fetch(`${server.url}/graphql?query={workers{id}}`, { headers: { 'content-type': 'text/plain' } })
    expect(get.status).toBe(400)
    expect((await ask(server, 'subscription { runs { id } }')).errors?.[0]).toMatchObject({
      message: 'Subscriptions are at /graphql/stream, as text/event-stream',
    })
    const many = Array.from({ length: 500 }, (_, i) => `a${i}: workers { id }`).join(' ')
    expect((await ask(server, `{ ${many} }`)).errors?.[0]?.extensions.code).toBe('OPERATION_TOO_LARGE')
    const wide = '{ runs(first: 50) { edges { node { epochs { epoch step phase accuracy f1Macro trainLoss } } } } }'
    expect((await ask(server, wide)).errors).toBeUndefined()
    const deep = '{ runs(first: 200) { edges { node { checkpoints { run { checkpoints { run { id } } } } } } } }'
    expect((await ask(server, deep)).errors?.[0]?.extensions.code).toBe('OPERATION_TOO_LARGE')
    const text = `{ ${'workers { id } '.repeat(3000)} }`
    expect((await ask(server, text)).errors?.[0]?.message).toMatch(/token/)
  })

  it('says what is wrong with ids, cursors and pages', async () => {
    const server = await platform.listen({ port: 0 })
    const said = async (query: string) => (await ask(server, query)).errors?.[0]
    expect(await said('{ run(id: "nonsense") { id } }')).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
    const dataset = Buffer.from('Dataset:1').toString('base64')
    expect(await said(`{ run(id: "${dataset}") { id } }`)).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } })
    expect(await said('{ runs(after: "x") { totalCount edges { cursor } } }')).toMatchObject({
      message: '"x" is not a cursor of this list; take endCursor or startCursor of a page',
      extensions: { code: 'BAD_USER_INPUT' },
    })
    expect(await said('{ runs(first: 201) { totalCount } }')).toMatchObject({
      message: 'first is 201: must be a whole number from 0 to 200',
    })
    const run = Buffer.from('Run:7').toString('base64')
    expect(await request(server, `{ run(id: "${run}") { id } node(id: "${run}") { id } }`)).toEqual({
      run: null,
      node: null,
    })
    const { stopRun } = await request(
      server,
      `mutation { stopRun(id: "${run}") { __typename ... on UserError { message } } }`,
    )
    expect(stopRun).toEqual({ __typename: 'NotFound', message: 'There is no run 7' })
  })

  it('is refused an address that others reach without a token and roots; with a token it asks everybody for it', async () => {
    await expect(platform.listen({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      code: 'UNSAFE_BIND',
      message: expect.stringContaining('needs a token and dataset roots'),
    })
    const { url } = await platform.listen({ port: 0, token: 'secret' })
    const post = (path: string, headers: object) =>
      fetch(url + path, {
        method: 'POST',
        body: '{"query":"{workers{id}}"}',
        headers: { 'content-type': 'application/json', ...headers },
      })
    for (const path of ['/graphql', '/graphql/stream', '/nothing']) {
      expect((await post(path, {})).status, path).toBe(401)
      expect((await post(path, { authorization: 'Bearer secre' })).status, path).toBe(401)
    }
    expect((await post('/graphql', { authorization: 'Bearer secret' })).status).toBe(200)
    const put = (headers: object) =>
      fetch(`${url}/uploads/1`, { method: 'PUT', body: 'bytes', headers: { ...headers } })
    expect((await put({})).status).toBe(401)
    expect((await put({ authorization: 'Bearer secret' })).status).toBe(404)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  it('names a port that is taken, and the cure', async () => {
    const { port } = await platform.listen({ port: 0 })
    await expect(platform.listen({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port`,
    })
  })

  it('serves the console, its views and its page for frames', async () => {
    const consoleDir = await temporaryFolder()
    await mkdir(join(consoleDir, 'assets'))
    await writeFile(join(consoleDir, 'index.html'), '<title>console</title>')
    await writeFile(join(consoleDir, 'embed.html'), '<title>embed</title>')
    await writeFile(join(consoleDir, 'assets', 'app-1a2b.js'), 'export {}')
    const { url } = await platform.listen({ port: 0, consoleDir, embedOrigins: ['https://lab.example'] })
    const get = async (path: string) => {
      const response = await fetch(url + path, { headers: { accept: 'text/html' } })
      const { headers, status } = response
      return {
        status,
        text: await response.text(),
        csp: headers.get('content-security-policy'),
        cache: headers.get('cache-control'),
        sniff: headers.get('x-content-type-options'),
      }
    }
    const page = {
      status: 200,
      text: '<title>console</title>',
      csp: "frame-ancestors 'self'",
      cache: 'no-cache',
      sniff: 'nosniff',
    }
    expect(await get('/')).toEqual(page)
    expect(await get('/runs/12')).toEqual(page)
    expect(await get('/embed')).toMatchObject({
      text: '<title>embed</title>',
      csp: "frame-ancestors 'self' https://lab.example",
    })
    expect(await get('/assets/app-1a2b.js')).toMatchObject({
      text: 'export {}',
      cache: 'public, max-age=31536000, immutable',
    })
    expect((await get('/../../etc/passwd')).text).not.toMatch(/root:/)
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    await expect(platform.listen({ port: 0, consoleDir: '/no/such' })).rejects.toThrow('build the console first')
  })
})
