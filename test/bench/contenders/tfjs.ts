/** TensorFlow.js on its WebGPU backend, with the operations and the optimiser that its layers are made of. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { maskOnCpu, type Pixels } from '@sporeprint/explain'
import { softmax } from '@sporeprint/metrics'
import { create, globals } from 'webgpu'
import { reference } from '../../parity/internals.ts'
import { adam, type Contender, classes, threadMs, type Workload } from '../contender.ts'
import { explainedBy } from '../explained.ts'
import { countOf, resNet, tensorsOf } from '../resnet.ts'

interface Tensor {
  shape: number[]
  data(): Promise<Float32Array>
  dispose(): void
}

interface Variable extends Tensor {
  assign(value: Tensor): void
}

type Axes = readonly number[]

/** The part of @tensorflow/tfjs 4.22 that is used here; the package is installed apart from the workspace. */
interface Tf {
  setBackend(name: string): Promise<boolean>
  tensor(values: Float32Array | Int32Array, shape: Axes, type?: 'float32' | 'int32'): Tensor
  variable(initial: Tensor, trainable: boolean, name: string): Variable
  transpose(x: Tensor, order: Axes): Tensor
  tidy<T extends Tensor>(body: () => T): T
  conv2d(
    x: Tensor,
    filter: Tensor,
    stride: number,
    pad: number,
    format: 'NHWC',
    dilation: number,
    round: 'floor',
  ): Tensor
  moments(x: Tensor, axes: Axes): { mean: Tensor; variance: Tensor }
  batchNorm(x: Tensor, mean: Tensor, variance: Tensor, beta: Tensor, gamma: Tensor, epsilon: number): Tensor
  relu(x: Tensor): Tensor
  add(a: Tensor, b: Tensor): Tensor
  mul(a: Tensor, b: number): Tensor
  maxPool(x: Tensor, size: number, stride: number, pad: number, round: 'floor'): Tensor
  mean(x: Tensor, axes: Axes): Tensor
  matMul(a: Tensor, b: Tensor): Tensor
  oneHot(labels: Tensor, depth: number): Tensor
  losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor }
  train: {
    adam(
      rate: number,
      beta1: number,
      beta2: number,
      epsilon: number,
    ): { minimize(loss: () => Tensor, returnCost: true, variables: Variable[]): Tensor }
  }
}

const epsilon = 1e-5
const momentum = 0.1

/** `napping` waits for results as the engine does; without it, as anybody would. */
export const tfjs =
  (napping: boolean) =>
  (workload: Workload, peers: string): Promise<Contender> =>
    prepare(workload, peers, napping)

async function prepare(workload: Workload, peers: string, napping: boolean): Promise<Contender> {
  const { arch, size, batch, mode } = workload
  const device = await provideGpu()
  const load = createRequire(join(peers, 'package.json'))
  const tf = load('@tensorflow/tfjs') as Tf
  load('@tensorflow/tfjs-backend-webgpu')
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js found no WebGPU adapter')

  const { parameters, states } = tensorsOf(arch, classes)
  const variables = new Map<string, Variable>()
  for (const [name, shape] of [...parameters, ...states]) {
    const values = Float32Array.from(reference.formulaParameter(name, shape))
    const order = shape.length === 4 ? [2, 3, 1, 0] : shape.length === 2 ? [1, 0] : [0]
    const initial = tf.transpose(tf.tensor(values, shape), order)
    variables.set(name, tf.variable(initial, parameters.has(name), name))
  }
  const of = (name: string): Variable => {
    const found = variables.get(name)
    if (!found) throw new Error(`${arch} has no tensor ${name}`)
    return found
  }

  /** With the batch's statistics, the running ones brought up to date, as tf.layers' batchNormalization does. */
  const normTraining = (x: Tensor, norm: string): Tensor => {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    const count = x.shape[0]! * x.shape[1]! * x.shape[2]!
    const blend = (running: Variable, now: Tensor, gain: number): void =>
      running.assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(now, momentum * gain)))
    blend(of(`${norm}.running_mean`), mean, 1)
    blend(of(`${norm}.running_var`), variance, count / (count - 1))
    return tf.batchNorm(x, mean, variance, of(`${norm}.bias`), of(`${norm}.weight`), epsilon)
  }
  const normEvaluation = (x: Tensor, norm: string): Tensor => {
    const [mean, variance] = [of(`${norm}.running_mean`), of(`${norm}.running_var`)]
    return tf.batchNorm(x, mean, variance, of(`${norm}.bias`), of(`${norm}.weight`), epsilon)
  }
  const forward = (x: Tensor): Tensor =>
    resNet<Tensor>(
      arch,
      {
        convNorm(input, conv, norm, [, , kernel], stride) {
          const y = tf.conv2d(input, of(`${conv}.weight`), stride, (kernel - 1) / 2, 'NHWC', 1, 'floor')
          return mode === 'train' ? normTraining(y, norm) : normEvaluation(y, norm)
        },
        relu: (y) => tf.relu(y),
        add: (a, b) => tf.add(a, b),
        maxPool: (y) => tf.maxPool(y, 3, 2, 1, 'floor'),
        classify: (y) => tf.add(tf.matMul(tf.mean(y, [1, 2]), of('fc.weight')), of('fc.bias')),
      },
      x,
    )

  const images = Float32Array.from(reference.formulaImages(0, batch, size))
  const labels = Int32Array.from(reference.formulaLabels(0, batch, classes))
  const optimizer = tf.train.adam(adam.rate, adam.beta1, adam.beta2, adam.epsilon)
  const trained = [...parameters.keys()].map(of)
  const input = (): Tensor => tf.tensor(images, [batch, size, size, 3])
  const train = (): Tensor =>
    tf.tidy(() => {
      const x = input()
      const expected = tf.oneHot(tf.tensor(labels, [batch], 'int32'), classes)
      return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(expected, forward(x)), true, trained)
    })
  const infer = (): Tensor => tf.tidy(() => forward(input()))

  const settled = (result: Tensor): Promise<Float32Array> => (napping ? withNaps(result.data()) : result.data())
  if (mode === 'lime') {
    const { mean, std } = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    // As LIME's users do: the masked pictures as floats, a batch of them a call of the model.
    const classify = async (pictures: readonly Pixels[]): Promise<ArrayLike<number>> => {
      const input = new Float32Array(pictures.length * size * size * 3)
      for (const [i, { data }] of pictures.entries()) {
        for (let p = 0; p < size * size; p++) {
          for (let c = 0; c < 3; c++) {
            const at = (i * size * size + p) * 3 + c
            input[at] = ((data[4 * p + c] as number) / 255 - (mean[c] as number)) / (std[c] as number)
          }
        }
      }
      const logits = tf.tidy(() => forward(tf.tensor(input, [pictures.length, size, size, 3])))
      const values = await settled(logits)
      logits.dispose()
      return softmax(values, classes)
    }
    const masked = maskOnCpu({ classes, classify }, { batch })
    return {
      device,
      parameters: countOf(parameters.values()),
      compileMs: null,
      run: () => explainedBy(masked, workload),
    }
  }

  let submitMs = 0
  return {
    device,
    parameters: countOf(parameters.values()),
    compileMs: null,
    async run() {
      const began = process.threadCpuUsage()
      const result = mode === 'train' ? train() : infer()
      submitMs = threadMs(began)
      const values = await settled(result)
      result.dispose()
      return values
    },
    submitMs: () => submitMs,
  }
}

/** Puts Dawn, with the engine's own toggles, where TensorFlow.js looks for WebGPU. Returns the adapter's name. */
async function provideGpu(): Promise<string> {
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
  const fast = 'allow_unsafe_apis,skip_validation,disable_robustness,disable_workgroup_init'
  const gpu = create([`enable-dawn-features=${fast}`])
  // The binding calls the instance even after the collector has freed it, so it is kept where the collector sees it.
  Object.assign(globalThis, globals, { __benchGpu: gpu })
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error('no WebGPU adapter: run `npx sporeprint doctor`')
  return adapter.info.description || adapter.info.device
}

const clock = new Int32Array(new SharedArrayBuffer(4))

/**
 * Waits with naps: a pending promise of the binding otherwise spins the event loop, which takes a core from a software
 * adapter. A courtesy to the peer, worth a quarter of its time on two cores.
 */
async function withNaps<T>(promise: Promise<T>): Promise<T> {
  let pending = true
  const settled = (): void => {
    pending = false
  }
  promise.then(settled, settled)
  while (pending) {
    await new Promise((turn) => setTimeout(turn, 0))
    if (pending) Atomics.wait(clock, 0, 0, 4)
  }
  return promise
}
