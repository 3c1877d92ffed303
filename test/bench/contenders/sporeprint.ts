/** The engine, by the programs that a run uses: the step of the learner, the evaluation of the inference. */
import type * as PacingModule from '../../../packages/engine/src/gpu/pacing.ts'
import {
  compile,
  createArena,
  evaluationGraph,
  MaskedInference,
  openNodeDevice,
  ParameterStore,
  Program,
  packStep,
  ResNet,
  reference,
  toDevice,
  trainingGraph,
} from '../../parity/internals.ts'
import { adam, type Contender, classes, threadMs, type Workload } from '../contender.ts'
import { explainedBy } from '../explained.ts'

const pacing = new URL('../../../packages/engine/src/gpu/pacing.ts', import.meta.url).pathname
const { Pacer }: typeof PacingModule = await import(pacing)

export async function sporeprint(workload: Workload): Promise<Contender> {
  const { arch, size, batch, mode } = workload
  const device = await openNodeDevice()
  const names = Array.from({ length: classes }, (_, k) => `class ${k}`)
  const model = new ResNet({ arch, head: 'linear', classes: names })
  const store = new ParameterStore(device, model.elements, model.stateElements)
  for (const weight of model.weights()) {
    store.write(weight.tensor, toDevice(weight, reference.formulaParameter(weight.name, weight.shape)))
  }
  if (mode === 'lime') {
    const begun = performance.now()
    const masked = await MaskedInference.record(device, model, store, { batch, size })
    const compileMs = performance.now() - begun
    const { name } = device.adapter
    return { device: name, parameters: model.parameterCount, compileMs, run: () => explainedBy(masked, workload) }
  }
  const pacer = new Pacer(device)
  const rgb = reference.formulaPixels(0, batch, size)
  const pixels = new Uint8Array(batch * size * size * 4).map((_, i) =>
    i % 4 === 3 ? 255 : (rgb[(i >> 2) * 3 + (i % 4)] ?? 0),
  )
  const labels = new Uint32Array(reference.formulaLabels(0, batch, classes))

  const training = mode === 'train'
  const step = trainingGraph(model, { batch, size }, { optimizer: 'adamw', labelSmoothing: 0, frozen: false })
  const evaluation = evaluationGraph(model, { batch, size })
  const begun = performance.now()
  const compiled = compile(device, mode, (training ? step : evaluation).graph)
  const program = await Program.record(device, compiled, store, await createArena(device, [compiled]))
  const compileMs = performance.now() - begun

  let submitMs = 0
  let steps = 0
  const infer = async (): Promise<Float32Array> => {
    const started = performance.now()
    const began = process.threadCpuUsage()
    program.write(evaluation.pixels, pixels)
    program.run([evaluation.logits])
    submitMs = threadMs(began)
    await pacer.settle('batch', started)
    const padded = new Float32Array(await program.read(evaluation.logits))
    const columns = padded.length / batch
    return padded.filter((_, i) => i % columns < classes)
  }
  const train = async (): Promise<number[]> => {
    const { beta1, beta2, epsilon, rate } = adam
    const slot = steps % step.losses.shape[0]!
    const started = performance.now()
    const began = process.threadCpuUsage()
    program.write(step.pixels, pixels)
    program.write(step.labels, labels)
    const scalars = {
      seed: 1,
      step: steps,
      update: steps + 1,
      beta1,
      beta2,
      epsilon,
      decay: 0,
      rates: [rate, rate, rate],
    }
    program.write(step.step, packStep(scalars))
    program.run([step.losses])
    submitMs = threadMs(began)
    await pacer.settle('batch', started)
    steps++
    return [new Float32Array(await program.read(step.losses))[slot] ?? Number.NaN]
  }
  return {
    device: device.adapter.name,
    parameters: model.parameterCount,
    compileMs,
    run: training ? train : infer,
    submitMs: () => submitMs,
  }
}
