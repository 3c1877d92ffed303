import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { request, until } from '../../testing/client.ts'
import { onEveryDatabase } from '../../testing/databases.ts'
import { gid, trained, upload } from '../../testing/trained.ts'

const explaining = `mutation($input: ExplainInput!) { explain(input: $input) { __typename
  ... on ExplainSuccess { job { id kind } } ... on InvalidInput { issues { field value message } } ... on UserError { message } } }`

type Server = { url: string }

const ask = async (server: Server, input: object) => (await request(server, explaining, { input })).explain

/** What a job has found out, once it has succeeded. */
async function explained(server: Server, id: string) {
  await until(async () => {
    const { job } = await request(server, `{ job(id: "${id}") { status } }`)
    if (job.status === 'FAILED') throw new Error('the job failed')
    return job.status === 'SUCCEEDED'
  })
  const { explanations } = await request(
    server,
    `{ explanations(filter: { job: "${id}" }) { nodes { id image actual method size picture sha256 modelSha256 samples seconds
      model { id } settings { method segmenter samples stable labels topLabels seed faithfulness } probabilities { class probability }
      segments { count runs } labels { label probability weights { segment weight low high } intercept r2 localPrediction map faithfulness { road } } } } }`,
  )
  return explanations.nodes
}

onEveryDatabase('explanations', (database) => {
  it('of an upload say by superpixel what speaks for a class, with how far that can be trusted', async () => {
    const platform = await database.open()
    const { server, runId, modelId } = await trained(platform)
    const bytes = Buffer.from('abb')
    const hash = createHash('sha256').update(bytes).digest('hex')
    const images = [{ upload: await upload(server, 'leaf.jpg', bytes, hash) }]
    const input = { model: gid('Model', modelId), images, segmenter: 'slic', samples: 200, labels: ['b'], seed: 7 }
    const { job } = await ask(server, input)
    expect(job.kind).toBe('explain')
    const [explanation] = await explained(server, job.id)
    expect(explanation).toMatchObject({
      image: 'leaf.jpg',
      actual: null,
      method: 'lime',
      size: 2,
      sha256: hash,
      samples: 200,
      seconds: 0.5,
      model: { id: gid('Model', modelId) },
      settings: {
        method: 'lime',
        segmenter: 'slic',
        samples: 200,
        stable: false,
        labels: ['b'],
        topLabels: 1,
        seed: 7,
      },
      probabilities: [{ class: 'a' }, { class: 'b', probability: expect.closeTo(1 / (1 + Math.exp(-1)), 12) }],
      segments: { count: 2, runs: [0, 2, 1, 2] },
      labels: [
        {
          label: 'b',
          weights: [
            { segment: 1, weight: 0.5, low: 0.4, high: 0.6 },
            { segment: 0, weight: -0.25, low: null, high: null },
          ],
          intercept: 0.25,
          r2: 0.9,
          map: null,
        },
      ],
    })
    const { explanation: one } = await request(server, `{ explanation(id: "${explanation.id}") { image } }`)
    expect(one).toEqual({ image: 'leaf.jpg' })
    const of = async (filter: string) =>
      (await request(server, `{ explanations(filter: { ${filter} }) { totalCount } }`)).explanations.totalCount
    expect(await of(`run: "${gid('Run', runId)}", method: lime, sha256: "${hash}"`)).toBe(1)
    expect(await of('method: gradcam')).toBe(0)
  })

  it('by pixel hold a map instead', async () => {
    const platform = await database.open()
    const { server, datasetId, modelId } = await trained(platform)
    const images = [{ dataset: gid('Dataset', datasetId), path: 'a/1.jpg' }]
    const { job } = await ask(server, { model: gid('Model', modelId), images, method: 'gradcam', topLabels: 2 })
    const [{ segments, labels }] = await explained(server, job.id)
    expect(segments).toBeNull()
    expect(labels).toMatchObject([
      { label: 'a', weights: null, r2: null },
      { label: 'b', weights: null, r2: null },
    ])
    const map = Buffer.from(labels[0].map, 'base64')
    expect([...new Float32Array(map.buffer, map.byteOffset, 4)]).toEqual([0, 0.5, 0.25, 1])
  })

  it('of a run’s worst images and most confused pairs are asked for in one call, by the class it was and the class it was taken for', async () => {
    const platform = await database.open()
    const { server, modelId } = await trained(platform)
    const model = gid('Model', modelId)
    for (const [subjects, image] of [
      [{ topLosses: 4 }, 'b/2.png'],
      // Not one of the worst of all.
      [{ confusedPairs: 3, split: 'valid' }, 'b/1.jpg'],
    ] as const) {
      const { job } = await ask(server, { model, ...subjects })
      const found = await explained(server, job.id)
      expect(found, JSON.stringify(subjects)).toMatchObject([
        { image, actual: 'b', labels: [{ label: 'a' }, { label: 'b' }] },
      ])
    }
  })

  it('are refused where it is not clear of what, or there is nothing to explain', async () => {
    const platform = await database.open()
    const { server, runId, modelId } = await trained(platform)
    const refusal = async (input: object) => {
      const { __typename, message, issues } = await ask(server, { model: gid('Model', modelId), ...input })
      return issues ?? `${__typename}: ${message}`
    }
    const which = [{ field: 'input.images', message: 'must be given, or else one of topLosses and confusedPairs' }]
    expect(await refusal({})).toMatchObject(which)
    expect(await refusal({ topLosses: 1, confusedPairs: 1 })).toMatchObject(which)
    expect(await refusal({ topLosses: 0 })).toMatchObject([{ field: 'input.topLosses', value: '0' }])
    expect(await refusal({ confusedPairs: 33 })).toMatchObject([{ message: 'must be a whole number from 1 to 32' }])
    expect(await refusal({ topLosses: 1, samples: 2, topLabels: 0 })).toMatchObject([
      { field: 'input.samples', value: '2' },
      { field: 'input.topLabels', value: '0' },
    ])
    expect(await refusal({ topLosses: 1, split: 'test' })).toBe(
      `Conflict: Run ${runId} has no evaluation on test to take images from: evaluate it first`,
    )
  })
})
