/** One update of an optimiser in f64, in place: the parameter and its state. */

export interface AdamWOptions {
  rate: number
  beta1: number
  beta2: number
  epsilon: number
  /** Decoupled: shrinks the parameter by rate·decay, and never enters the moments (Loshchilov & Hutter 2019). */
  decay: number
}

/** Update number `t`, from 1; m and v start at zero. As torch.optim.AdamW. */
export function adamw(
  o: AdamWOptions,
  t: number,
  parameter: Float64Array,
  gradient: Float64Array,
  m: Float64Array,
  v: Float64Array,
): void {
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]!
    m[i] = o.beta1 * m[i]! + (1 - o.beta1) * g
    v[i] = o.beta2 * v[i]! + (1 - o.beta2) * g * g
    const deviation = Math.sqrt(v[i]! / (1 - o.beta2 ** t)) + o.epsilon
    parameter[i] = parameter[i]! * (1 - o.rate * o.decay) - (o.rate / (1 - o.beta1 ** t)) * (m[i]! / deviation)
  }
}

export interface SgdOptions {
  rate: number
  momentum: number
  /** Coupled: added to the gradient, and so carried on by the momentum. */
  decay: number
  nesterov?: boolean
}

/** m starts at zero. As torch.optim.SGD without dampening. */
export function sgd(o: SgdOptions, parameter: Float64Array, gradient: Float64Array, m: Float64Array): void {
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i]! + o.decay * parameter[i]!
    m[i] = o.momentum * m[i]! + g
    parameter[i]! -= o.rate * (o.nesterov ? g + o.momentum * m[i]! : m[i]!)
  }
}
