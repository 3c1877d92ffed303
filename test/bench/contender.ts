/** What the side-by-side run asks of everybody who takes part in it. */

export interface Workload {
  name: string
  arch: 'resnet18' | 'resnet50'
  size: number
  batch: number
  /** `lime`: one explanation of one picture by so many `samples`, `batch` at a time. */
  mode: 'train' | 'infer' | 'lime'
  samples?: number
}

/** Images that one run of a workload computes. */
export const imagesOf = ({ mode, batch, samples = 0 }: Workload): number => (mode === 'lime' ? samples : batch)

/** Classes of the head that every contender puts on its network. */
export const classes = 10

/** Adam's numbers in every contender: without weight decay, which TensorFlow.js lacks. */
export const adam = { rate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-5 }

/** Steps of a training workload whose losses are compared. */
export const provenSteps = 3

/** One network on one framework, with the formula's weights, ready to be run again and again on the formula's first batch. */
export interface Contender {
  /** What it runs on, in words. */
  device: string
  /** Number of trained values. */
  parameters: number
  /** Compiling, where that is a step of its own, in milliseconds. */
  compileMs: number | null
  /**
   * One whole batch, from images in memory to its result in memory: logits [batch · classes] of inference, or the loss of one
   * training step, whose update changes the weights; or a whole explanation, from a picture and its superpixels to their weights.
   */
  run(): Promise<ArrayLike<number>>
  /** What handing the last run to the device took of the calling thread, by `threadMs`, where that can be told. */
  submitMs?(): number
}

/** A contender's first words. */
export interface Ready {
  device: string
  parameters: number
  compileMs: number | null
  /** From the first import to the first result. */
  firstResultMs: number
  /** Logits, or losses of the first steps: what shows that everybody computes the same. */
  values: number[]
}

/** Its answer to a turn: milliseconds of each batch. */
export interface Turn {
  ms: number[]
  submitMs: number[]
}

/** Lines of a contender's output that are meant for the run begin with this; libraries write there too. */
export const mark = '@bench '

/** Milliseconds of processor time since `began`, of the calling thread alone: the clock would count who else is at work. */
export function threadMs(began: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(began)
  return (user + system) / 1000
}
