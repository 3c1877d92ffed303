/**
 * A training run whose processes are killed again and again, at random moments and while a checkpoint is being written, and resumed
 * each time: what it leaves in the end is held against a run that was left alone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const sporeprint = fileURLToPath(new URL('../../apps/server/bin/sporeprint.js', import.meta.url))

/** As small as a run can be that has two phases; a checkpoint follows whenever losses have been read. */
const settings =
  '--size 32 --batch 4 --freeze-epochs 1 --epochs 2 --head linear --sampling balanced --checkpoint-every 0.001'.split(
    ' ',
  )

export interface KilledRun {
  /** An empty folder to work in. */
  dir: string
  seed: number
  /** Whether to kill once more. */
  again: (kills: number) => boolean
  log: (line: string) => void
}

/** What the two runs left: equal, if killing does no harm. */
export interface Outcome {
  kills: number
  alone: Record<string, string>
  killed: Record<string, string>
}

export async function killedRun({ dir, seed, again, log }: KilledRun): Promise<Outcome> {
  const random = xorshift(seed)
  const data = join(dir, 'photos')
  await drawPhotos(data)
  const command = (out: string): string[] => ['train', data, ...settings, '--out', join(dir, out)]
  const started = performance.now()
  await toItsEnd(command('alone'))
  const whole = performance.now() - started
  log(`left alone, the run took ${(whole / 1000).toFixed(1)} s`)

  const last = join(dir, 'killed', 'last')
  await mkdir(last, { recursive: true })
  let kills = 0
  while (again(kills)) {
    const run = start([...command('killed'), '--resume'])
    const ended = once(run.child, 'close').then(() => 'ended' as const)
    const over = new AbortController()
    const moment =
      random() < 0.5
        ? sleep(random() * whole, 'at a random moment' as const)
        : writing(last, 1 + Math.floor(3 * random()), over.signal)
    const how = await Promise.race([moment, ended])
    over.abort()
    if (how === 'ended') {
      if (run.child.exitCode !== 0) throw new Error(`the resumed run failed: ${run.said()}`)
      break
    }
    // The command line and its engine host are a process group of their own.
    process.kill(-(run.child.pid as number), 'SIGKILL')
    await ended
    kills++
    log(`killed ${how} (${kills})`)
  }
  await toItsEnd([...command('killed'), '--resume'])
  return { kills, alone: await left(join(dir, 'alone')), killed: await left(join(dir, 'killed')) }
}

/** Checksums of the models, and the table of epochs but for its times. */
async function left(run: string): Promise<Record<string, string>> {
  const sha256 = async (kind: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(join(run, kind, 'model.safetensors')))
      .digest('hex')
  const history = await readFile(join(run, 'history.jsonl'), 'utf8')
  return {
    best: await sha256('best'),
    last: await sha256('last'),
    history: history.replaceAll(/"seconds":[\d.e-]+,/g, ''),
  }
}

interface Run {
  child: ChildProcess
  said: () => string
}

function start(args: readonly string[]): Run {
  const child = spawn(process.execPath, ['--conditions=@sporeprint/source', sporeprint, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return { child, said: () => text }
}

async function toItsEnd(args: readonly string[]): Promise<void> {
  const { child, said } = start(args)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`sporeprint ${args.join(' ')} ended with ${code}: ${said()}`)
}

/** Resolves while the n-th file from now is being written into a folder; never, once the signal is fired. */
async function writing(folder: string, n: number, signal: AbortSignal): Promise<'while a checkpoint was written'> {
  const seen = new Set<string>()
  const watcher = watch(folder, { signal })
  await new Promise<void>((resolve) =>
    watcher.on('change', (_, name) => {
      if (String(name).endsWith('.tmp')) seen.add(String(name))
      if (seen.size >= n) resolve()
    }),
  )
  return 'while a checkpoint was written'
}

/** Two classes told apart by colour. */
async function drawPhotos(dir: string): Promise<void> {
  for (const [name, r] of [
    ['amber', 230],
    ['moss', 60],
  ] as const) {
    await mkdir(join(dir, name), { recursive: true })
    for (let i = 0; i < 16; i++) {
      const background = { r: r - 3 * i, g: 140 - 2 * i, b: 40 + 9 * (i % 7) }
      await sharp({ create: { width: 40, height: 36, channels: 3, background } }).toFile(join(dir, name, `${i}.png`))
    }
  }
}

/** Uniform numbers from 0 to 1, the same for the same seed. */
function xorshift(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
