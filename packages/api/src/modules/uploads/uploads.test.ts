import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { request as rawRequest } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { eq } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import { ArtifactFolder } from '../../artifacts/artifacts.ts'
import { openPlatform } from '../../platform.ts'
import { request, until } from '../../testing/client.ts'
import { onEveryDatabase, temporaryFolder } from '../../testing/databases.ts'
import { gid, trained } from '../../testing/trained.ts'
import { trainer } from '../../testing/trainer.ts'
import { checkImages } from '../images/images.ts'
import { UploadService } from './uploads.service.ts'
import { uploads as uploadsTable } from './uploads.table.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const picture = new Uint8Array(70_000).map((_, i) => i % 251)

const creating = `mutation($input: CreateUploadInput!) { createUpload(input: $input) { __typename
  ... on CreateUploadSuccess { upload { id url sha256 completedAt } } ... on InvalidInput { issues { field value message } } } }`
const completing = `mutation($id: ID!, $sha256: String!) { completeUpload(id: $id, sha256: $sha256) { __typename
  ... on CompleteUploadSuccess { upload { name bytes sha256 } } ... on UserError { message } } }`

it('keeps files by their content only, wherever a name would lead', () => {
  const artifacts = new ArtifactFolder('/data/artifacts')
  const hash = 'ab'.repeat(32)
  expect(artifacts.path(hash)).toBe(`/data/artifacts/ab/${hash}`)
  for (const name of ['../secret', `${'ab'.repeat(31)}..`, hash.toUpperCase(), '']) {
    expect(() => artifacts.path(name)).toThrow('is no SHA-256')
  }
})

onEveryDatabase('uploads', (database) => {
  it('are created, sent and completed, and then lie under their hash, whatever they are called', async () => {
    const options = await database.fresh()
    const platform = await openPlatform(options)
    const server = await platform.listen({ port: 0 })
    const input = { name: '../../etc/oak.jpg', bytes: picture.length }
    const { createUpload } = await request(server, creating, { input })
    const { id, url } = createUpload.upload
    expect(createUpload.upload).toEqual({ id, url: '/uploads/1', sha256: null, completedAt: null })

    const put = (body: Uint8Array<ArrayBuffer>) => fetch(server.url + url, { method: 'PUT', body })
    const complete = async (hash: string) => (await request(server, completing, { id, sha256: hash })).completeUpload
    expect(await complete(sha256(picture))).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('Nothing has arrived of upload 1'),
    })
    expect((await put(picture.toReversed())).status).toBe(204)
    expect(await complete(sha256(picture))).toMatchObject({
      __typename: 'InvalidInput',
      message: expect.stringContaining(`what arrived is ${sha256(picture.toReversed())}`),
    })
    expect((await put(picture)).status).toBe(204)
    const completed = {
      __typename: 'CompleteUploadSuccess',
      upload: { name: '../../etc/oak.jpg', bytes: 70_000, sha256: sha256(picture) },
    }
    expect(await complete(sha256(picture).toUpperCase())).toEqual(completed)
    expect(await complete(sha256(picture))).toEqual(completed)
    expect((await put(picture)).status).toBe(409)

    const kept = join(options.dataDir, 'artifacts', sha256(picture).slice(0, 2), sha256(picture))
    expect(new Uint8Array(await readFile(kept))).toEqual(picture)
    expect(await readdir(join(options.dataDir, 'uploads'))).toEqual([])
    await platform.close()
  })

  it('are refused where they are too large, not as large as was said, or nobody’s', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const create = async (input: object) => (await request(server, creating, { input })).createUpload
    expect(await create({ name: ' ', bytes: 50 * 1024 * 1024 + 1, sha256: 'abc' })).toEqual({
      __typename: 'InvalidInput',
      issues: [
        { field: 'input.name', value: ' ', message: 'must have 1 to 200 characters' },
        { field: 'input.bytes', value: '52428801', message: 'must be a whole number from 1 to 52428800' },
        { field: 'input.sha256', value: 'abc', message: 'must be a SHA-256 as 64 hexadecimal digits' },
      ],
    })
    const { upload } = await create({ name: 'oak.jpg', bytes: 4, sha256: sha256(picture) })
    const put = (path: string, body: string) => fetch(server.url + path, { method: 'PUT', body })
    for (const body of ['', 'oak', 'acorns']) {
      const answer = await put(upload.url, body)
      expect(answer.status, body).toBe(400)
      expect(await answer.text(), body).toContain('must be the 4 that were announced')
    }
    for (const path of ['/uploads/99', '/uploads/0', '/uploads/..%2f1', '/uploads/1e0']) {
      expect((await put(path, 'oaks')).status, path).toBe(404)
    }
    expect(await chunked(`${server.url}${upload.url}`, 'oaks')).toBe(411)
    expect(await put(upload.url, 'oaks').then(({ status }) => status)).toBe(204)
    const { completeUpload } = await request(server, completing, { id: upload.id, sha256: sha256(Buffer.from('oaks')) })
    expect(completeUpload.message).toContain(`announced was ${sha256(picture)}`)
    expect(
      (await request(server, completing, { id: gid('Upload', 99), sha256: sha256(picture) })).completeUpload,
    ).toEqual({
      __typename: 'NotFound',
      message: 'There is no upload 99',
    })
  })

  it('that break off can be sent again, and leave nothing of the first try', async () => {
    const faults: Error[] = []
    const options = { ...(await database.fresh()), onError: (error: Error) => void faults.push(error) }
    const platform = await openPlatform(options)
    const server = await platform.listen({ port: 0 })
    const { createUpload } = await request(server, creating, { input: { name: 'oak.jpg', bytes: picture.length } })
    const { id, url } = createUpload.upload
    const folder = join(options.dataDir, 'uploads', '1')
    const arrived = () => readdir(folder).catch(() => [])
    await new Promise<void>((resolve) => {
      const sent = rawRequest(server.url + url, { method: 'PUT', headers: { 'content-length': picture.length } })
      sent.on('error', () => resolve())
      sent.write(picture.subarray(0, 1000))
      void until(async () => (await arrived()).length === 1).then(() => sent.destroy(new Error('away')))
    })
    await until(async () => (await arrived()).length === 0)
    expect((await fetch(server.url + url, { method: 'PUT', body: picture })).status).toBe(204)
    const { completeUpload } = await request(server, completing, { id, sha256: sha256(picture) })
    expect(completeUpload.__typename).toBe('CompleteUploadSuccess')
    expect(faults).toEqual([])
    await platform.close()
  })

  it('that are not completed within an hour are forgotten, with what has arrived of them', async () => {
    const { db } = await database.open()
    const arrivals = await temporaryFolder()
    const artifacts = new ArtifactFolder(join(arrivals, 'artifacts'))
    let now = Date.parse('2026-11-28T10:00:00Z')
    const uploads = new UploadService(db, { artifacts, arrivals, now: () => new Date(now) })
    const arrive = (id: number) => uploads.receive(id, Readable.from([Buffer.from('oak')]), 3)
    const kept = await uploads.create({ name: 'kept', bytes: 3 })
    const left = await uploads.create({ name: 'left', bytes: 3 })
    await arrive(kept.id)
    await arrive(left.id)
    await uploads.complete(kept.id, sha256(Buffer.from('oak')))
    now += 59 * 60_000
    await uploads.expire()
    expect(await uploads.byIds([kept.id, left.id])).toHaveLength(2)
    now += 2 * 60_000
    await uploads.expire()
    expect(await uploads.byIds([kept.id, left.id])).toMatchObject([{ name: 'kept' }])
    expect(await readdir(arrivals)).toEqual(['artifacts'])
  })
})

const hours = 3600_000

onEveryDatabase('uploads that nothing refers to', (database) => {
  /** Its own uploads, under a clock and in a folder of their own, beside a platform's other services. */
  async function opened() {
    const options = await database.fresh()
    const platform = await openPlatform(options)
    onTestFinished(() => platform.close())
    const artifacts = new ArtifactFolder(join(options.dataDir, 'artifacts'))
    const clock = { now: Date.now() }
    const arrivals = join(options.dataDir, 'uploads')
    const uploads = new UploadService(platform.db, { artifacts, arrivals, now: () => new Date(clock.now) })
    const bring = async (name: string, text = name) => {
      const bytes = Buffer.from(text)
      const { id } = await uploads.create({ name, bytes: bytes.length })
      await uploads.receive(id, Readable.from([bytes]), bytes.length)
      await uploads.complete(id, sha256(bytes))
      return id
    }
    const names = async (...ids: number[]) => (await uploads.byIds(ids)).map(({ name }) => name).sort()
    const isThere = (text: string) =>
      stat(artifacts.path(sha256(Buffer.from(text)))).then(
        () => true,
        () => false,
      )
    return { platform, artifacts, clock, uploads, bring, names, isThere }
  }

  it('are deleted a day after they were complete, with their file, but for one that another upload is too', async () => {
    const { clock, uploads, bring, names, isThere } = await opened()
    const ids = [await bring('oak'), await bring('birch', 'same'), await bring('begun')]
    const begun = await uploads.create({ name: 'not complete', bytes: 4, sha256: sha256(Buffer.from('oak')) })
    clock.now += 23 * hours
    ids.push(await bring('beech', 'same'), begun.id)
    await uploads.collect(24)
    expect(await names(...ids)).toEqual(['beech', 'begun', 'birch', 'not complete', 'oak'])
    clock.now += 1.5 * hours
    await uploads.collect(24)
    expect(await names(...ids)).toEqual(['beech', 'not complete'])
    expect([await isThere('oak'), await isThere('same')]).toEqual([false, true])
    clock.now += 24 * hours
    await uploads.collect(24)
    expect(await isThere('same')).toBe(false)
  })

  it('stay as long as a prediction or an explanation shows them, or a job waits for them', async () => {
    const { platform, clock, uploads, bring, names, isThere } = await opened()
    let held = false
    const { runId, modelId } = await trained(platform, {
      ...trainer(),
      predict: (job, context) =>
        held
          ? new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('away'))))
          : trainer().predict(job, context),
    })
    const [seen, asked, explained] = [await bring('aab'), await bring('abb'), await bring('ba')]
    const { predictions, explanations, jobs } = platform.services
    const done = (id: number) => until(async () => (await jobs.byIds([id]))[0]?.status === 'SUCCEEDED')
    await done((await predictions.ask({ modelId, images: [{ uploadId: seen }], settings: {} })).id)
    await done((await explanations.ask({ modelId, images: [{ uploadId: explained }], settings: {} })).id)
    held = true
    const waiting = await predictions.ask({ modelId, images: [{ uploadId: asked }], settings: {} })
    clock.now += 1000 * hours
    await uploads.collect(24)
    expect(await names(seen, asked, explained)).toEqual(['aab', 'abb', 'ba'])
    expect([await isThere('aab'), await isThere('abb'), await isThere('ba')]).toEqual([true, true, true])

    await jobs.stop(waiting.id)
    await uploads.collect(24)
    expect(await names(seen, asked, explained)).toEqual(['aab', 'ba'])
    await expect(predictions.ask({ modelId, images: [{ uploadId: asked }], settings: {} })).rejects.toThrow(
      `There is no upload ${asked}`,
    )
    // Results go with their run, and then nothing shows what they were about.
    await platform.services.runs.delete([runId])
    await uploads.collect(24)
    expect(await names(seen, asked, explained)).toEqual([])
    expect([await isThere('aab'), await isThere('ba')]).toEqual([false, false])
  })

  it('leave no file for ever where a process was killed between the row and the file', async () => {
    const { platform, clock, uploads, bring, isThere } = await opened()
    const [left, kept] = [await bring('left'), await bring('kept')]
    await platform.db.delete(uploadsTable).where(eq(uploadsTable.id, left))
    clock.now += hours
    await uploads.collect(24)
    expect([await isThere('left'), await isThere('kept')]).toEqual([false, true])
    expect(await uploads.byIds([kept])).toHaveLength(1)
  })

  it.runIf(database.kind === 'PostgreSQL')('are not deleted under the hands of who asks about them', async () => {
    const { platform, clock, uploads, bring, names } = await opened()
    const id = await bring('held')
    clock.now += 48 * hours
    await platform.db.transaction(async (tx) => {
      await checkImages(tx, [{ uploadId: id }], 1)
      await uploads.collect(24)
    })
    expect(await names(id)).toEqual(['held'])
    await uploads.collect(24)
    expect(await names(id)).toEqual([])
  })
})

/** Sends without saying how much. */
const chunked = (url: string, body: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const sent = rawRequest(url, { method: 'PUT' }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
    sent.write(body)
    sent.end()
  })
