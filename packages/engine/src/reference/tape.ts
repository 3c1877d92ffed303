/**
 * A tape over the references: each call computes a layer and, in training, writes down its backward pass; `backward` plays
 * them in reverse. Parameters are asked for by name in PyTorch's layout, and their gradients are given back in it.
 */
import { batchNormEvaluation, batchNormGradient, batchNormTraining } from './batch-norm.ts'
import { type Convolution, conv2d, conv2dFilterGradient, conv2dInputGradient, outputSize } from './conv2d.ts'
import { add, relu, reluGradient } from './elementwise.ts'
import { hwioToOihw, oihwToHwio, transpose } from './layout.ts'
import { linear, linearGradient } from './linear.ts'
import {
  type FeatureMap,
  globalAvgPool,
  globalAvgPoolGradient,
  globalMaxPool,
  maxPool,
  maxPoolGradient,
  maxPoolSize,
} from './pool.ts'

/** The parameter or running statistic called `name`, of PyTorch's `shape` and layout. */
export type ParameterSource = (name: string, shape: readonly number[]) => Float64Array

/** An activation and what the backward pass has added to its gradient so far. */
export interface Activation {
  shape: FeatureMap
  value: Float64Array
  gradient: Float64Array
}

export class Tape {
  readonly training: boolean
  /** Gradients by parameter, complete after `backward`. */
  readonly gradients: Map<string, Float64Array> = new Map()
  /** Running statistics after this batch; empty in evaluation. */
  readonly running: Map<string, Float64Array> = new Map()
  readonly #parameter: ParameterSource
  readonly #steps: (() => void)[] = []

  constructor(parameter: ParameterSource, training: boolean) {
    this.#parameter = parameter
    this.training = training
  }

  /** Starts a tape: x [n, h, w, c]. */
  input(shape: FeatureMap, value: Float64Array): Activation {
    return { shape, value, gradient: new Float64Array(value.length) }
  }

  /** Plays the layers backwards from the gradient of `output`. */
  backward(output: Activation, gradient: Float64Array): void {
    output.gradient = gradient
    for (const step of this.#steps.reverse()) step()
  }

  conv2d(name: string, x: Activation, co: number, kernel: number, stride: number, padding: number): Activation {
    const { n, h, w, c: ci } = x.shape
    const problem: Convolution = { n, h, w, ci, co, kh: kernel, kw: kernel, stride, padding }
    const shape = [co, ci, kernel, kernel] as const
    const filter = oihwToHwio(shape, this.#parameter(`${name}.weight`, shape))
    const { oh, ow } = outputSize(problem)
    return this.#layer({ n, h: oh, w: ow, c: co }, conv2d(problem, x.value, filter), (dy) => {
      accumulate(x, conv2dInputGradient(problem, dy, filter))
      this.gradients.set(`${name}.weight`, hwioToOihw(shape, conv2dFilterGradient(problem, x.value, dy)))
    })
  }

  batchNorm(name: string, x: Activation): Activation {
    const { n, h, w, c } = x.shape
    const problem = { rows: n * h * w, channels: c }
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((kind) =>
      this.#parameter(`${name}.${kind}`, [c]),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array]
    if (!this.training) {
      return this.#layer(x.shape, batchNormEvaluation(problem, x.value, gamma, beta, mean, variance), () => {})
    }
    const forward = batchNormTraining(problem, x.value, gamma, beta, mean, variance)
    this.running.set(`${name}.running_mean`, forward.runningMean)
    this.running.set(`${name}.running_var`, forward.runningVariance)
    return this.#layer(x.shape, forward.y, (dy) => {
      const { dx, dgamma, dbeta } = batchNormGradient(problem, x.value, forward, gamma, dy)
      accumulate(x, dx)
      this.gradients.set(`${name}.weight`, dgamma)
      this.gradients.set(`${name}.bias`, dbeta)
    })
  }

  relu(x: Activation): Activation {
    return this.#layer(x.shape, relu(x.value), (dy) => accumulate(x, reluGradient(x.value, dy)))
  }

  add(a: Activation, b: Activation): Activation {
    return this.#layer(a.shape, add(a.value, b.value), (dy) => {
      accumulate(a, dy)
      accumulate(b, dy)
    })
  }

  maxPool(x: Activation): Activation {
    const { y, winner } = maxPool(x.shape, x.value)
    const { oh, ow } = maxPoolSize(x.shape)
    return this.#layer({ ...x.shape, h: oh, w: ow }, y, (dy) => accumulate(x, maxPoolGradient(x.shape, winner, dy)))
  }

  globalAvgPool(x: Activation): Activation {
    return this.#layer({ ...x.shape, h: 1, w: 1 }, globalAvgPool(x.shape, x.value), (dy) =>
      accumulate(x, globalAvgPoolGradient(x.shape, dy)),
    )
  }

  globalMaxPool(x: Activation): Activation {
    const { y, winner } = globalMaxPool(x.shape, x.value)
    return this.#layer({ ...x.shape, h: 1, w: 1 }, y, (dy) => accumulate(x, maxPoolGradient(x.shape, winner, dy)))
  }

  /** Channels of a, then those of b. */
  concat(a: Activation, b: Activation): Activation {
    const { n, h, w, c } = a.shape
    const channels = c + b.shape.c
    const y = new Float64Array(n * h * w * channels)
    for (let row = 0; row < n * h * w; row++) {
      y.set(a.value.subarray(row * c, (row + 1) * c), row * channels)
      y.set(b.value.subarray(row * b.shape.c, (row + 1) * b.shape.c), row * channels + c)
    }
    return this.#layer({ n, h, w, c: channels }, y, (dy) => {
      const part = (x: Activation, start: number): Float64Array =>
        x.value.map((_, i) => dy[Math.floor(i / x.shape.c) * channels + start + (i % x.shape.c)]!)
      accumulate(a, part(a, 0))
      accumulate(b, part(b, c))
    })
  }

  /** Each element times its factor: 0 where it is dropped, 1/(1 − p) where it is kept. */
  dropout(x: Activation, factors: Float64Array): Activation {
    const scaled = (v: Float64Array): Float64Array => v.map((value, i) => value * factors[i]!)
    return this.#layer(x.shape, scaled(x.value), (dy) => accumulate(x, scaled(dy)))
  }

  linear(name: string, x: Activation, outputs: number, bias: boolean): Activation {
    const { n, h, w, c } = x.shape
    const problem = { n, inputs: h * w * c, outputs }
    const { inputs } = problem
    const weight = transpose(outputs, inputs, this.#parameter(`${name}.weight`, [outputs, inputs]))
    const b = bias ? this.#parameter(`${name}.bias`, [outputs]) : undefined
    return this.#layer({ n, h: 1, w: 1, c: outputs }, linear(problem, x.value, weight, b), (dy) => {
      const { dx, dw, db } = linearGradient(problem, x.value, weight, dy)
      accumulate(x, dx)
      this.gradients.set(`${name}.weight`, transpose(inputs, outputs, dw))
      if (bias) this.gradients.set(`${name}.bias`, db)
    })
  }

  #layer(shape: FeatureMap, value: Float64Array, backward: (dy: Float64Array) => void): Activation {
    const y: Activation = { shape, value, gradient: new Float64Array(this.training ? value.length : 0) }
    if (this.training) this.#steps.push(() => backward(y.gradient))
    return y
  }
}

/** An activation that several layers read receives the sum of their gradients. */
function accumulate(x: Activation, dx: Float64Array): void {
  x.gradient = add(x.gradient, dx)
}
