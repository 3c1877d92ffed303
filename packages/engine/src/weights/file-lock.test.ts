import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withLock } from './file-lock.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-lock-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

test('of two that want it at once, one works and the other hears who does', async () => {
  const path = join(dir, 'lock')
  let release = (): void => {}
  const held = withLock(path, 'the weights x', () => new Promise<void>((done) => (release = done)))
  await expect.poll(() => readdir(dir)).toEqual(['lock'])
  await expect(withLock(path, 'the weights x', async () => {})).rejects.toMatchObject({
    code: 'BUSY',
    message: expect.stringMatching(new RegExp(`process ${process.pid} is at work on the weights x.*${path}`)),
  })
  release()
  await held
  expect(await withLock(path, 'it', async () => 7)).toBe(7)
  await expect(withLock(path, 'it', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await readdir(dir)).toEqual([])
})

test('the lock of a process that has died is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const path = join(dir, 'stale')
  await writeFile(path, String(pid))
  expect(await withLock(path, 'it', async () => 'done')).toBe('done')
  expect(await readdir(dir)).toEqual([])
})
