/**
 * Kills and resumes training runs for some minutes, and compares what each leaves with a run that was left alone. Ends with code 1 at the
 * first that differs, and leaves its folder.
 *
 *   npm run faults:kill -w test -- [minutes, 10 by default] [seed, 1 by default]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { killedRun } from './killed-run.ts'

const until = performance.now() + 60_000 * Number(process.argv[2] ?? 10)
let seed = Number(process.argv[3] ?? 1)
let total = 0
for (; performance.now() < until; seed++) {
  const dir = await mkdtemp(join(tmpdir(), 'sporeprint-kill-'))
  console.log(`seed ${seed}`)
  const { kills, alone, killed } = await killedRun({
    dir,
    seed,
    again: (kills) => kills < 20 && performance.now() < until,
    log: (line) => console.log(`  ${line}`),
  })
  total += kills
  if (!isDeepStrictEqual(killed, alone)) {
    console.log(`different after ${kills} kills: ${dir} has\n${JSON.stringify({ alone, killed }, null, 2)}`)
    process.exit(1)
  }
  await rm(dir, { recursive: true, force: true })
  console.log(`  the same bytes after ${kills} kills`)
}
console.log(`${total} kills, no difference`)
