import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openPlatform } from '../platform.ts'
import { migratedImage, temporaryFolder } from '../testing/databases.ts'
import { spawnServer } from '../testing/spawn.ts'
import { lockFolder } from './folder-lock.ts'

it('refuses a second owner while the first lives, and lets it in after that', async () => {
  const folder = await temporaryFolder()
  const lock = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(
    `The data folder ${folder} is in use by process ${process.pid} on ${hostname()}. Stop that process, or start with another data folder`,
  )
  await lock.release()
  await (await lockFolder(folder)).release()
})

it('takes the folder from a process that has died, and from one whose process id went to another', async () => {
  const folder = await temporaryFolder()
  // The largest id that Linux gives out is 4194304.
  for (const pid of [4_194_305, process.pid]) {
    await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid, host: hostname(), started: 'long ago' }))
    const lock = await lockFolder(folder)
    expect(JSON.parse(await readFile(join(folder, 'lock.json'), 'utf8'))).toMatchObject({ pid: process.pid })
    await lock.release()
  }
})

it('lets one of many have the folder of a dead process', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid: 4_194_305, host: hostname(), started: 'long ago' }))
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
  const refusals = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(refusals).toHaveLength(19)
  for (const { reason } of refusals) expect(reason).toMatchObject({ code: 'FOLDER_LOCKED' })
})

it('does not take a folder whose lock it cannot read, nor one of a process on another machine', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'lock.json'), '{')
  await expect(lockFolder(folder)).rejects.toThrow(/in use by an unknown process.*delete .*lock\.json/)
  await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }))
  await expect(lockFolder(folder)).rejects.toThrow(/process 1 on elsewhere/)
})

it('keeps a second server out of the data folder of one that runs', async () => {
  const dataDir = await temporaryFolder()
  await (await openPlatform({ dataDir, image: await migratedImage(), closeOnSignals: false })).close()
  const server = await spawnServer({ dataDir })
  await expect(openPlatform({ dataDir, closeOnSignals: false })).rejects.toMatchObject({
    code: 'FOLDER_LOCKED',
    message: expect.stringContaining(`in use by process ${server.child.pid}`),
  })
  expect(await server.end('SIGTERM')).toBe('SIGTERM')
  const platform = await openPlatform({ dataDir, closeOnSignals: false })
  await platform.close()
})
