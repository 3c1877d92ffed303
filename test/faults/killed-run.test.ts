import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { killedRun } from './killed-run.ts'

test('a run that is killed again and again ends with the bytes of one that was left alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sporeprint-killed-'))
  try {
    const { kills, alone, killed } = await killedRun({ dir, seed: 6, again: (kills) => kills < 3, log: () => {} })
    expect(kills).toBeGreaterThan(0)
    expect(killed).toEqual(alone)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
