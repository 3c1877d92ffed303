/** A contender's process: prepares one workload, says so, and runs batches whenever a line on its input gives it seconds. */
import { createInterface } from 'node:readline'
import { type Contender, mark, provenSteps, type Ready, type Turn, type Workload } from './contender.ts'

const makers: Record<string, () => Promise<(workload: Workload, peers: string) => Promise<Contender>>> = {
  sporeprint: async () => (await import('./contenders/sporeprint.ts')).sporeprint,
  'tfjs-webgpu': async () => (await import('./contenders/tfjs.ts')).tfjs(false),
  'tfjs-webgpu-napping': async () => (await import('./contenders/tfjs.ts')).tfjs(true),
  'onnxruntime-cpu': async () => (await import('./contenders/onnxruntime.ts')).onnxruntime('cpu'),
  'onnxruntime-webgpu': async () => (await import('./contenders/onnxruntime.ts')).onnxruntime('webgpu'),
}

const [name = '', workloadJson = '', peers = ''] = process.argv.slice(2)
const workload = JSON.parse(workloadJson) as Workload
const say = (message: Ready | Turn): void => void process.stdout.write(`${mark}${JSON.stringify(message)}\n`)

const started = performance.now()
const make = makers[name]
if (!make) throw new Error(`no contender is called ${name}; known are ${Object.keys(makers).join(', ')}`)
const contender = await (await make())(workload, peers)
const values = [...Array.from(await contender.run())]
const firstResultMs = performance.now() - started
if (workload.mode === 'train') {
  while (values.length < provenSteps) values.push(...Array.from(await contender.run()))
} else if (workload.mode === 'infer') {
  await contender.run()
}
const { device, parameters, compileMs } = contender
say({ device, parameters, compileMs, firstResultMs, values })

for await (const line of createInterface({ input: process.stdin })) {
  const { seconds } = JSON.parse(line) as { seconds: number }
  const turn: Turn = { ms: [], submitMs: [] }
  const begun = performance.now()
  do {
    const before = performance.now()
    await contender.run()
    turn.ms.push(performance.now() - before)
    if (contender.submitMs) turn.submitMs.push(contender.submitMs())
  } while (performance.now() - begun < seconds * 1000)
  say(turn)
}
process.exit(0)
