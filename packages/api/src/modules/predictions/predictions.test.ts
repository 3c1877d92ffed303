import { createHash } from 'node:crypto'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { request, until } from '../../testing/client.ts'
import { onEveryDatabase, temporaryFolder } from '../../testing/databases.ts'
import { gid, trained, upload } from '../../testing/trained.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const predicting = `mutation($input: PredictInput!) { predict(input: $input) { __typename
  ... on PredictSuccess { job { id kind run { id } } } ... on InvalidInput { issues { field value message } } ... on UserError { message } } }`

type Server = { url: string }

const ask = async (server: Server, input: object) => (await request(server, predicting, { input })).predict

/** The job's end. */
const ended = (server: Server, id: string) =>
  until(async () => {
    const { job } = await request(
      server,
      `{ job(id: "${id}") { status error { code message } skipped { path reason } } }`,
    )
    return job.status !== 'QUEUED' && job.status !== 'RUNNING' && job
  })

onEveryDatabase('predictions', (database) => {
  it('of uploads and of images of a dataset are stored as their job ends, with what said them', async () => {
    const platform = await database.open()
    const { server, runId, datasetId, modelId } = await trained(platform)
    const id = await upload(server, 'my oak.jpg', Buffer.from('bbb'), sha256('bbb'))
    const images = [
      { upload: id },
      { dataset: gid('Dataset', datasetId), path: 'a/1.jpg' },
      { upload: await upload(server, 'broken.jpg', Buffer.from([0]), sha256('\0')) },
    ]
    const { job } = await ask(server, { model: gid('Model', modelId), images, abstain: 0.9, temperature: 1 })
    expect(job).toEqual({ id: job.id, kind: 'predict', run: { id: gid('Run', runId) } })
    expect(await ended(server, job.id)).toEqual({
      status: 'SUCCEEDED',
      error: null,
      skipped: [{ path: 'broken.jpg', reason: 'is not an image' }],
    })
    const { predictions } = await request(
      server,
      `{ predictions(filter: { job: "${job.id}" }) { totalCount nodes {
        id image sha256 model { id } modelSha256 label confidence top(k: 1) { class probability } probabilities { class }
        logits temperature distance outlier thumbnail source { upload { name } dataset { name } path } job { id } } } }`,
    )
    expect(predictions.totalCount).toBe(2)
    const [sure, unsure] = predictions.nodes.toSorted(
      (one: { logits: number[] }, two: { logits: number[] }) => (two.logits[1] ?? 0) - (one.logits[1] ?? 0),
    )
    const certain = 1 / (1 + Math.exp(-3))
    expect(sure).toMatchObject({
      image: 'my oak.jpg',
      sha256: sha256('bbb'),
      model: { id: gid('Model', modelId) },
      label: 'b',
      confidence: expect.closeTo(certain, 12),
      top: [{ class: 'b', probability: expect.closeTo(certain, 12) }],
      probabilities: [{ class: 'a' }, { class: 'b' }],
      logits: [0, 3],
      temperature: 1,
      distance: expect.closeTo(1 - certain, 12),
      outlier: false,
      source: { upload: { name: 'my oak.jpg' }, dataset: null, path: null },
      job: { id: job.id },
    })
    expect(unsure).toMatchObject({
      image: 'a/1.jpg',
      label: null,
      confidence: expect.closeTo(1 / (1 + Math.exp(-1)), 12),
      source: { upload: null, dataset: { name: 'letters' }, path: 'a/1.jpg' },
    })
    const of = async (filter: string) =>
      (await request(server, `{ predictions(filter: { ${filter} }) { totalCount } }`)).predictions.totalCount
    expect(await of(`run: "${gid('Run', runId)}", label: "b"`)).toBe(1)
    expect(await of(`model: "${gid('Model', 99)}"`)).toBe(0)
    expect(await of(`sha256: "${sha256('a')}"`)).toBe(1)
    const one = await request(server, `{ prediction(id: "${sure.id}") { image } node(id: "${sure.id}") { id } }`)
    expect(one).toEqual({ prediction: { image: 'my oak.jpg' }, node: { id: sure.id } })

    await platform.services.runs.delete([runId])
    expect(await of('label: "b"')).toBe(0)
  })

  it('are refused for what is not there, not whole or not to be seen', async () => {
    const platform = await database.open()
    const { server, datasetId, modelId } = await trained(platform)
    const model = gid('Model', modelId)
    const dataset = gid('Dataset', datasetId)
    const refusal = async (input: object) => {
      const { __typename, message, issues } = await ask(server, { model, ...input })
      return issues ?? `${__typename}: ${message}`
    }
    expect(await refusal({ model: gid('Model', 99), images: [{ dataset, path: 'a/1.jpg' }] })).toBe(
      'NotFound: There is no model 99',
    )
    expect(await refusal({ images: [{ upload: gid('Upload', 99) }] })).toBe('NotFound: There is no upload 99')
    expect(await refusal({ images: [{ dataset: gid('Dataset', 99), path: 'a/1.jpg' }] })).toBe(
      'NotFound: There is no dataset 99',
    )
    const { id } = await platform.services.uploads.create({ name: 'begun', bytes: 3 })
    expect(await refusal({ images: [{ upload: gid('Upload', id) }] })).toContain('is not complete')
    expect(await refusal({ images: [] })).toMatchObject([{ field: 'input.images', message: 'must be 1 to 100 images' }])
    for (const image of [{}, { dataset }, { path: 'a/1.jpg' }, { upload: gid('Upload', id), path: 'a/1.jpg' }]) {
      expect(await refusal({ images: [image] }), JSON.stringify(image)).toMatchObject([
        { field: 'input.images.0', message: 'must name an upload, or a dataset and a path in it' },
      ])
    }
    for (const path of ['../letters/a/1.jpg', '/etc/passwd', 'a/../../x', 'a\\..\\..\\x', '', 'a//1.jpg', 'a/\0.jpg']) {
      expect(await refusal({ images: [{ dataset, path }] }), path).toMatchObject([
        { field: 'input.images.0', value: path, message: expect.stringContaining('inside the dataset’s folder') },
      ])
    }
    const images = [{ dataset, path: 'a/1.jpg' }]
    expect(await refusal({ images, abstain: 2, temperature: 0 })).toMatchObject([
      { field: 'input.abstain', value: '2', message: 'must be a number from 0 to 1' },
      { field: 'input.temperature', value: '0', message: 'must be a number from 0.01 to 100' },
    ])
  })

  it('see nothing outside a dataset, not even by a link, nor whether there is something', async () => {
    const platform = await database.open()
    const { server, datasetId, folder, modelId } = await trained(platform)
    const outside = await temporaryFolder()
    await writeFile(join(outside, 'secret.jpg'), 'aaa')
    await symlink(join(outside, 'secret.jpg'), join(folder, 'a', 'link.jpg'))
    await symlink(outside, join(folder, 'elsewhere'))
    await symlink(join(folder, 'b', '1.jpg'), join(folder, 'a', 'within.jpg'))
    await mkdir(join(folder, 'a', 'folder.jpg'))
    const predict = async (path: string) => {
      const images = [{ dataset: gid('Dataset', datasetId), path }]
      const { job } = await ask(server, { model: gid('Model', modelId), images })
      return ended(server, job.id)
    }
    for (const path of [
      'a/link.jpg',
      'elsewhere/secret.jpg',
      'elsewhere/nothing.jpg',
      'a/nothing.jpg',
      'a/folder.jpg',
    ]) {
      const error = { code: 'BAD_IMAGE', message: `${path} is no file of the dataset letters` }
      expect(await predict(path), path).toMatchObject({ status: 'FAILED', error })
    }
    expect(await predict('a/within.jpg')).toMatchObject({ status: 'SUCCEEDED' })
  })
})
