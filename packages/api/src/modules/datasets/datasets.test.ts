import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { request } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase, temporaryFolder } from '../../testing/databases.ts'
import { resolveFolder, scanClassFolders } from './scan.ts'

/** Writes empty files, with the folders they lie in. */
async function filesIn(...paths: string[]): Promise<string> {
  const folder = await temporaryFolder()
  for (const path of paths) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), '')
  }
  return folder
}

const counts = { train: 0, valid: 0, test: 0 }

it('counts the images of class folders, also in folders of theirs, and nothing else', async () => {
  const folder = await filesIn(
    'b/1.JPG',
    'b/2.webp',
    'b/deep/3.tiff',
    'b/notes.txt',
    'a/1.png',
    '.git/x.png',
    'README.md',
  )
  expect(await scanClassFolders(folder)).toEqual([
    { ...counts, name: 'a', train: 1 },
    { ...counts, name: 'b', train: 3 },
  ])
})

it('reads train, valid and test where there is a train folder', async () => {
  for (const valid of ['valid', 'Val', 'validation']) {
    const folder = await filesIn('Train/a/1', 'Train/b/1.png', 'Train/b/2.jfif', `${valid}/a/1.png`, 'test/b/1.png')
    expect(await scanClassFolders(folder)).toEqual([
      { name: 'a', train: 1, valid: 1, test: 0 },
      { name: 'b', train: 2, valid: 0, test: 1 },
    ])
  }
  const vehicles = await filesIn('car/1.png', 'train/1.png')
  expect((await scanClassFolders(vehicles)).map(({ name }) => name)).toEqual(['car', 'train'])
  const untaught = await filesIn('test/a/1.png', 'test/b/1.png')
  await expect(scanClassFolders(untaught)).rejects.toThrow(`has ${join(untaught, 'test')} but no train folder`)
})

it('names the class that has no image to learn from', async () => {
  const folder = await filesIn('a/1.png', 'b/notes.txt')
  await expect(scanClassFolders(folder)).rejects.toThrow(`put some into ${join(folder, 'b')}, or remove the class`)
  const splits = await filesIn('train/a/1.png', 'train/b/1.png', 'test/c/1.png')
  await expect(scanClassFolders(splits)).rejects.toThrow(`put some into ${join(splits, 'train', 'c')}`)
})

it('refuses fewer than two classes', async () => {
  await expect(scanClassFolders(await filesIn('a/1.png'))).rejects.toThrow(
    'at least two class folders with images; found only a',
  )
  await expect(scanClassFolders(await filesIn('1.png'))).rejects.toThrow('found none')
})

it('lets nothing out of the roots, be it by .., by a link or by asking what is there', async () => {
  const root = await filesIn('inside/a/1.png')
  const outside = await filesIn('secret/a/1.png')
  await symlink(join(outside, 'secret'), join(root, 'link'))
  expect(await resolveFolder(join(root, 'inside'), ['/not/there/yet', root])).toMatch(/inside$/)
  const refusal = `must lie under one of the dataset roots: ${root}`
  for (const path of [
    outside,
    `${root}/inside/../../`,
    join(root, 'link'),
    join(outside, 'missing'),
    `${root}-beside`,
  ]) {
    await expect(resolveFolder(path, [root])).rejects.toThrow(refusal)
  }
})

onEveryDatabase('importDataset', (database) => {
  const importing = `mutation($input: ImportDatasetInput!) { importDataset(input: $input) { __typename
    ... on ImportDatasetSuccess { dataset { id name path images classes { name train } } }
    ... on InvalidInput { issues { field value message } } ... on UserError { message } } }`

  it('registers a folder once, and says what is wrong with one that is no dataset', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const path = await datasetFolder()
    const send = async (input: object) => (await request(server, importing, { input })).importDataset

    const first = await send({ path })
    expect(first).toMatchObject({
      __typename: 'ImportDatasetSuccess',
      dataset: { name: 'letters', path, images: 4, classes: [{ name: 'a', train: 2 }, { name: 'b' }] },
    })
    await writeFile(join(path, 'a', '3.jpg'), '')
    expect(await send({ path })).toMatchObject({ dataset: { id: first.dataset.id, images: 5 } })
    expect(await send({ path: await datasetFolder() })).toEqual({
      __typename: 'Conflict',
      message: 'There is another dataset named letters; give this one a name of its own',
    })
    expect(await send({ path: '/no/such' })).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ field: 'input.path', value: '/no/such', message: 'there is no such folder' }],
    })
    expect(await send({ path: join(path, 'a', '3.jpg') })).toMatchObject({
      issues: [{ message: 'is a file; must be a folder of class folders' }],
    })
    expect(await send({ path: 'letters' })).toMatchObject({
      issues: [{ message: 'must be an absolute path on the server’s machine' }],
    })
  })
})
