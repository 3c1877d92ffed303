import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Diagnosis, diagnose } from './diagnose.ts'
import { formatDiagnosis } from './format.ts'

describe('the doctor', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'doctor-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true }))

  it('finds this machine in order', async () => {
    const { ok, adapter, node, database, disk } = await diagnose({ dataDir, databaseUrl: '' })
    expect(ok).toBe(true)
    expect(adapter).toMatchObject({ name: expect.any(String), vendor: expect.any(String), features: expect.any(Array) })
    expect(node.version).toBe(process.versions.node)
    expect(database).toEqual({ kind: 'embedded', folder: dataDir, state: 'absent' })
    expect(disk.freeBytes).toBeGreaterThan(0)
    expect(disk.freeBytes).toBeLessThan(disk.totalBytes)
  })

  it('tells a folder that a living server holds from one that a dead server left', async () => {
    mkdirSync(join(dataDir, 'database'))
    const lock = (pid: number) => writeFileSync(join(dataDir, 'lock.json'), JSON.stringify({ pid, host: hostname() }))
    lock(process.pid)
    const held = await diagnose({ dataDir, databaseUrl: '' })
    expect(held.database).toMatchObject({ state: 'in use', by: `process ${process.pid} on ${hostname()}` })
    // Beyond the largest process id that Linux gives.
    lock(2 ** 22 + 1)
    const left = await diagnose({ dataDir, databaseUrl: '' })
    expect(left.database).toMatchObject({ state: 'free' })
  })

  it('reports a PostgreSQL server that does not answer, without its password', async () => {
    const diagnosis = await diagnose({ dataDir, databaseUrl: 'postgres://me:hush@127.0.0.1:1/spores' })
    expect(diagnosis.ok).toBe(false)
    const text = formatDiagnosis(diagnosis)
    expect(text).toContain('the database postgres://127.0.0.1:1/spores does not answer: connect ECONNREFUSED')
    expect(text).not.toContain('hush')
  })

  it('writes what it found, then each problem with its cure', () => {
    const diagnosis: Diagnosis = {
      ok: false,
      adapter: null,
      system: 'Debian GNU/Linux 12 (bookworm)',
      node: { version: '24.21.0', path: '/usr/bin/node' },
      database: { kind: 'embedded', folder: '/data', state: 'in use', by: 'process 7 on here' },
      disk: { folder: '/data', freeBytes: 1.5e9, totalBytes: 100e9 },
      problems: [
        { severity: 'error', message: 'no adapter: none found', mend: ['apt-get update', 'apt-get install x'] },
        { severity: 'warning', message: '1.5 GB are free', mend: ['free some space'] },
      ],
    }
    expect(formatDiagnosis(diagnosis)).toBe(`Adapter   none
System    Debian GNU/Linux 12 (bookworm)
Node      24.21.0
Database  embedded, in use by process 7 on here (/data)
Disk      1.5 GB free of 100.0 GB (/data)

Error: no adapter: none found
To mend it:
  apt-get update
  apt-get install x
Warning: 1.5 GB are free
To mend it:
  free some space`)
  })
})
