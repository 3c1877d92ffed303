/**
 * Sporeprint beside TensorFlow.js, onnxruntime and PyTorch, on one machine in one run: `npm run bench:peers -w test`. Explanations,
 * for which a peer takes minutes, only where they are asked for: `npm run bench:explain -w test`.
 *
 * Each contender is a process of its own with the same network, the same weights, images and labels (the formula's of the
 * goldens) and takes its turn in every round, A B C A B C …, while the others stand still; ratios are taken within a round, so
 * that a machine that others use too slows everybody alike. Logits, or the losses of the first steps, must agree.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Workload } from './contender.ts'
import { ContenderProcess, type Peers } from './contender-process.ts'
import { peerPackages, peerVersions } from './peer-packages.ts'
import { type Measured, type Result, rowsOf, table, tolerance } from './report.ts'

interface Entry {
  workload: Workload
  contenders: readonly string[]
}

const tfjs = ['tfjs-webgpu', 'tfjs-webgpu-napping']
const everyone = ['sporeprint', ...tfjs, 'onnxruntime-webgpu', 'onnxruntime-cpu', 'pytorch-1-thread']
const trainers = ['sporeprint', ...tfjs, 'pytorch-1-thread']

const entries: readonly Entry[] = [
  {
    workload: { name: 'ResNet-18, 64 px, batch 16, training', arch: 'resnet18', size: 64, batch: 16, mode: 'train' },
    contenders: trainers,
  },
  {
    workload: { name: 'ResNet-18, 64 px, batch 16, inference', arch: 'resnet18', size: 64, batch: 16, mode: 'infer' },
    contenders: everyone,
  },
  {
    workload: { name: 'ResNet-50, 224 px, batch 4, inference', arch: 'resnet50', size: 224, batch: 4, mode: 'infer' },
    contenders: everyone,
  },
  {
    // TensorFlow.js would need minutes for a step.
    workload: { name: 'ResNet-50, 224 px, batch 4, training', arch: 'resnet50', size: 224, batch: 4, mode: 'train' },
    contenders: ['sporeprint', 'pytorch-1-thread'],
  },
]

const { values: options } = parseArgs({
  options: {
    /** Explanations instead, each by so many samples. */
    lime: { type: 'boolean', default: false },
    samples: { type: 'string', default: '1000' },
    /** Where to write the results. */
    json: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    /** Shortest turn. */
    seconds: { type: 'string', default: '2' },
    /** Only workloads whose name contains this. */
    workload: { type: 'string', default: '' },
    /** Only these contenders, by comma; Sporeprint always takes part. */
    only: { type: 'string' },
    /** Leave out the compilation of ResNet-18's step with an empty driver cache, and again with a full one. */
    'no-compile': { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)
if (!(rounds >= 1 && seconds >= 0)) throw new Error('--rounds takes a number from 1, --seconds one from 0')

const explanation: Entry = {
  workload: {
    name: `LIME, ${options.samples} samples, ResNet-18, 64 px, batch 16`,
    arch: 'resnet18',
    size: 64,
    batch: 16,
    mode: 'lime',
    samples: Number(options.samples),
  },
  contenders: ['sporeprint', ...tfjs],
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const peers: Peers = { packages: peerPackages(), python: pythonWithTorch() }
const chosen = (name: string): boolean =>
  !options.only || name === 'sporeprint' || options.only.split(',').includes(name)

const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}`
console.log(`${machine}; Node ${process.versions.node}\n`)
const results: Result[] = []
for (const { workload, contenders } of options.lime ? [explanation] : entries) {
  if (!workload.name.includes(options.workload)) continue
  const result = await compete(workload, contenders.filter(chosen))
  results.push(result)
  console.log(`${table(result)}\n`)
}
const compile = options['no-compile'] || options.lime ? null : await coldAndWarm()
if (compile) {
  const words = Object.entries(compile).map(([cache, { compileMs, firstResultMs }]) => {
    const [programs, loss] = [compileMs, firstResultMs].map((ms) => (ms / 1000).toFixed(1))
    return `${cache} driver cache ${programs} s, first loss ${loss} s after the process began`
  })
  console.log(`Compiling the training step of ResNet-18, 64 px, batch 16: ${words.join('; ')}`)
}
if (options.json) {
  writeFileSync(options.json, `${JSON.stringify({ machine, peerVersions, results, compile }, null, 2)}\n`)
}
for (const { workload, rows } of results) {
  for (const row of rows) {
    if (row.difference <= tolerance[workload.mode] && row.parameters === rows[0]?.parameters) continue
    console.error(`${workload.name}: ${row.contender} does not compute the same network, its times are no comparison`)
    process.exitCode = 1
  }
}

/** All contenders prepared one after another, then rounds of turns. One that fails is left out, and said so. */
async function compete(workload: Workload, names: readonly string[]): Promise<Result> {
  const missing: Record<string, string> = {}
  const running: { contender: ContenderProcess; measured: Measured }[] = []
  try {
    for (const name of names) {
      try {
        const contender = await ContenderProcess.start(name, workload, peers)
        running.push({ contender, measured: { name, ready: contender.ready, turns: [] } })
      } catch (error) {
        if (name === 'sporeprint') throw error
        missing[name] = error instanceof Error ? error.message : String(error)
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const { contender, measured } of running) measured.turns.push(await contender.turn(seconds))
    }
  } finally {
    await Promise.all(running.map(({ contender }) => contender.end()))
  }
  const measured = running.map((each) => each.measured)
  const ours = measured[0]
  if (!ours) throw new Error('nobody took part')
  return { workload, rounds, rows: rowsOf(workload, measured, ours), missing }
}

/** ResNet-18's training step with an empty cache of the software adapter's driver, then with what that left. */
async function coldAndWarm() {
  const folder = mkdtempSync(join(tmpdir(), 'sporeprint-bench-'))
  const workload: Workload = { name: 'compile', arch: 'resnet18', size: 64, batch: 16, mode: 'train' }
  const once = async () => {
    const contender = await ContenderProcess.start('sporeprint', workload, peers, { MESA_SHADER_CACHE_DIR: folder })
    await contender.end()
    return { compileMs: contender.ready.compileMs ?? Number.NaN, firstResultMs: contender.ready.firstResultMs }
  }
  try {
    return { cold: await once(), warm: await once() }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first Python that has torch; where none has, the contender that needs it says so when it fails. */
function pythonWithTorch(): string {
  const candidates = ['/usr/bin/python3', 'python3']
  for (const python of candidates) {
    try {
      execFileSync(python, ['-c', 'import torch, torchvision'], { stdio: 'ignore' })
      return python
    } catch {
      // The next one may have it.
    }
  }
  return 'python3'
}
