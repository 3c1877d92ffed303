/** A golden's network on the device, with its formula weights, and its passes as plain calls. */
import type { AdamWGolden, Golden, SgdGolden, TrajectoryGolden } from './goldens.ts'
import {
  compile,
  createArena,
  type Device,
  evaluationGraph,
  FeatureGradients,
  fromDevice,
  loadStateDict,
  ParameterStore,
  Program,
  packStep,
  ResNet,
  reference,
  type StateDict,
  toDevice,
  trainingGraph,
} from './internals.ts'

export interface Update {
  /** null leaves the gradients where `gradients` reads them, and the parameters as they are. */
  optimizer: 'adamw' | 'sgd' | null
  /** Number of this update, from 1. */
  update: number
  beta1: number
  beta2: number
  epsilon: number
  decay: number
  /** Learning rates of the groups. */
  rates: readonly number[]
}

export const noUpdate: Update = {
  optimizer: null,
  update: 1,
  beta1: 0,
  beta2: 0,
  epsilon: 0,
  decay: 0,
  rates: [0, 0, 0],
}

export interface DevicePass {
  /** [batch, classes]. */
  logits: number[]
  /** Mean over the batch. */
  loss: number
  /** What dropout's draws depend on. */
  seed: number
  step: number
}

type Tensors = Map<string, Float32Array>

export class NetworkOnDevice {
  readonly #device: Device
  readonly #golden: Golden
  readonly #model: InstanceType<typeof ResNet>
  readonly #store: InstanceType<typeof ParameterStore>

  constructor(device: Device, golden: Golden) {
    this.#device = device
    this.#golden = golden
    const classes = Array.from({ length: golden.classes }, (_, k) => `class ${k}`)
    this.#model = new ResNet({ arch: golden.arch, head: golden.head, classes })
    this.#store = new ParameterStore(device, this.#model.elements, this.#model.stateElements)
    for (const weight of this.#model.weights()) {
      this.#store.write(weight.tensor, toDevice(weight, reference.formulaParameter(weight.name, weight.shape)))
    }
  }

  /** Takes over the weights of a file; tells how many of its tensors, and which of the model's it lacks. */
  load(tensors: StateDict): { loaded: number; missing: string[] } {
    return loadStateDict(this.#model, this.#store, tensors)
  }

  /** Logits [batch, classes] of the batch of `step` in evaluation mode. */
  async evaluate(step: number): Promise<number[]> {
    const { batch, size } = this.#golden
    const { graph, pixels, logits } = evaluationGraph(this.#model, { batch, size })
    const { program, arena } = await this.#record('evaluation', graph)
    program.write(pixels, this.#pixels(step))
    program.run([logits])
    const result = this.#unpadded(new Float32Array(await program.read(logits)))
    program.destroy()
    arena.destroy()
    return result
  }

  /** A stage's feature maps of the first image of the batch of `step`, and the gradients of a class's logit. */
  async featureGradients(step: number, layer: 'layer2' | 'layer3' | 'layer4', label: number) {
    const options = { size: this.#golden.size, layer }
    const gradients = await FeatureGradients.record(this.#device, this.#model, this.#store, options)
    const of = await gradients.of(new Uint8Array(this.#pixels(step).buffer), label)
    gradients.destroy()
    return of
  }

  /** One training step on the batch of `step`. */
  async train(step: number, { optimizer, ...scalars }: Update): Promise<DevicePass> {
    const { batch, size, classes, labelSmoothing } = this.#golden
    const options = { optimizer, labelSmoothing, frozen: false } as const
    const g = trainingGraph(this.#model, { batch, size }, options)
    const { program, arena } = await this.#record('training step', g.graph)
    const seed = 5
    program.write(g.pixels, this.#pixels(step))
    program.write(g.labels, new Uint32Array(reference.formulaLabels(step, batch, classes)))
    program.write(g.step, packStep({ ...scalars, seed, step }))
    program.run([g.logits, g.losses])
    const logits = this.#unpadded(new Float32Array(await program.read(g.logits)))
    const ring = new Float32Array(await program.read(g.losses))
    program.destroy()
    arena.destroy()
    return { logits, loss: ring[step] ?? Number.NaN, seed, step }
  }

  /** Losses of the steps of a trajectory, each before its update, and of one pass behind the last. */
  async trajectory(golden: TrajectoryGolden & Partial<AdamWGolden & SgdGolden>): Promise<number[]> {
    const { batch, size, classes, labelSmoothing, optimizer, lr, weightDecay, steps, batches } = golden
    const [beta1, beta2] = golden.betas ?? [golden.momentum ?? 0, 0]
    const options = { optimizer, labelSmoothing, frozen: false } as const
    const g = trainingGraph(this.#model, { batch, size }, options)
    const { program, arena } = await this.#record('training step', g.graph)
    const constants = { seed: 5, beta1, beta2, epsilon: golden.eps ?? 0, decay: weightDecay, rates: Array(3).fill(lr) }
    for (let step = 0; step <= steps; step++) {
      const of = golden.step + (step % batches)
      program.write(g.pixels, this.#pixels(of))
      program.write(g.labels, new Uint32Array(reference.formulaLabels(of, batch, classes)))
      // The last pass makes no update.
      const gradientScale = step < steps ? 1 : 0
      program.write(g.step, packStep({ ...constants, step, update: step + 1, gradientScale }))
      program.run([g.losses])
    }
    const ring = new Float32Array(await program.read(g.losses))
    program.destroy()
    arena.destroy()
    return [...ring.subarray(0, steps + 1)]
  }

  /** Of every parameter, in PyTorch's layout, after a step without an optimiser. */
  async gradients(): Promise<Tensors> {
    const tensors: Tensors = new Map()
    for (const p of this.#model.parameters.values()) {
      if (p.tensor.place.in !== 'parameters') throw new Error(`${p.name} is not among the parameters`)
      const gradient = { ...p.tensor, place: { in: 'gradients' as const, offset: p.tensor.place.offset } }
      tensors.set(p.name, fromDevice(p, await this.#store.read(gradient)))
    }
    return tensors
  }

  /** Every running statistic. */
  async running(): Promise<Tensors> {
    const tensors: Tensors = new Map()
    for (const state of this.#model.states.values()) {
      tensors.set(state.name, fromDevice(state, await this.#store.read(state.tensor)))
    }
    return tensors
  }

  /** Parameters as they now are, in PyTorch's layout; all, or those named. */
  async parameters(names: Iterable<string> = this.#model.parameters.keys()): Promise<Tensors> {
    const tensors: Tensors = new Map()
    for (const name of names) {
      const p = this.#model.parameters.get(name)
      if (!p) throw new Error(`${this.#golden.arch} has no parameter ${name}`)
      tensors.set(name, fromDevice(p, await this.#store.read(p.tensor)))
    }
    return tensors
  }

  destroy(): void {
    this.#store.destroy()
  }

  /** A program whose arena starts as NaN, so that a read before the first write shows. */
  async #record(name: string, graph: Parameters<typeof compile>[2]) {
    const compiled = compile(this.#device, name, graph)
    const arena = await createArena(this.#device, [compiled])
    this.#device.gpu.queue.writeBuffer(arena, 0, new Float32Array(arena.size / 4).fill(Number.NaN))
    return { program: await Program.record(this.#device, compiled, this.#store, arena), arena }
  }

  /** Packed RGBA, alpha opaque. */
  #pixels(step: number): Uint32Array<ArrayBuffer> {
    const { batch, size } = this.#golden
    const rgb = reference.formulaPixels(step, batch, size)
    const rgba = Uint8Array.from({ length: batch * size * size * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (rgb[(i >> 2) * 3 + (i % 4)] ?? 0),
    )
    return new Uint32Array(rgba.buffer)
  }

  #unpadded(logits: Float32Array): number[] {
    const columns = logits.length / this.#golden.batch
    return Array.from(logits).filter((_, i) => i % columns < this.#golden.classes)
  }
}
