/**
 * The numbers that change from step to step, in one small buffer that each step rewrites: never baked into WGSL, so a
 * program is compiled once. Words are f32 but for seed and step, which are u32.
 */
export const stepScalars = {
  seed: 0,
  step: 1,
  /** Momentum (AdamW's β₁, SGD's momentum). */
  beta1: 2,
  beta2: 3,
  epsilon: 4,
  decay: 5,
  /** 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ). */
  correction1: 6,
  correction2: 7,
  /** Learning rate of each group, at most 8. */
  rates: 8,
  /** What gradients, or their running sum, are multiplied by in the update; 0 where this step makes none. */
  gradientScale: 16,
  /** Running sum of gradients: its factor, 0 to begin anew, and that of this batch's gradients. */
  carried: 17,
  batchWeight: 18,
  /** The greatest norm of all gradients together. */
  clipNorm: 19,
  /** How far averaged weights move towards the weights in an update: 1 − decay. */
  averageRate: 20,
  words: 24,
} as const

export interface StepValues {
  seed: number
  /** Steps since the run began: counts random draws and slots of the loss ring. */
  step: number
  /** Updates since the optimiser's state was cleared, from 1. */
  update: number
  beta1: number
  beta2: number
  epsilon: number
  decay: number
  rates: readonly number[]
  /** Default 1: every step is an update. */
  gradientScale?: number
  carried?: number
  batchWeight?: number
  clipNorm?: number
  averageRate?: number
}

export function packStep(v: StepValues): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(stepScalars.words)
  const floats = new Float32Array(words.buffer)
  words[stepScalars.seed] = v.seed
  words[stepScalars.step] = v.step
  floats[stepScalars.beta1] = v.beta1
  floats[stepScalars.beta2] = v.beta2
  floats[stepScalars.epsilon] = v.epsilon
  floats[stepScalars.decay] = v.decay
  floats[stepScalars.correction1] = 1 / (1 - v.beta1 ** v.update)
  floats[stepScalars.correction2] = 1 / (1 - v.beta2 ** v.update)
  floats.set(v.rates, stepScalars.rates)
  floats[stepScalars.gradientScale] = v.gradientScale ?? 1
  floats[stepScalars.carried] = v.carried ?? 0
  floats[stepScalars.batchWeight] = v.batchWeight ?? 1
  floats[stepScalars.clipNorm] = v.clipNorm ?? 0
  floats[stepScalars.averageRate] = v.averageRate ?? 0
  return words
}
