/** The programs of a learner, their memory planned: nothing here runs. */
import { augments } from '../augment/batch.ts'
import { mixes } from '../augment/mix.ts'
import { type Compiled, compile } from '../compile/program.ts'
import type { Device } from '../gpu/device.ts'
import type { Tensor } from '../graph/tensor.ts'
import { bodyIsStill, type Frozen } from '../nn/freezing.ts'
import type { ResNet } from '../nn/resnet.ts'
import { StillBody } from './features.ts'
import {
  type EvaluationGraph,
  evaluationGraph,
  headTrainingGraph,
  type TrainingGraphParts,
  trainingGraph,
} from './graphs.ts'
import type { LearnerSettings } from './learner-options.ts'

/** A step's program. */
export interface Plan {
  name: string
  graph: TrainingGraphParts
  /** Pixels, or features. */
  input: Tensor
  compiled: Compiled
}

export interface BatchPlan {
  plan: Plan
  evaluation: EvaluationGraph
  /** Of evaluation. */
  compiled: Compiled
  programs: readonly Compiled[]
}

export const planName = (frozen: Frozen | false): string =>
  `training step (${frozen ? `frozen below ${frozen.below}, norms ${frozen.norms}` : 'unfrozen'})`

/** Whether training images go into the network as they are. */
const asTheyAre = (settings: LearnerSettings): boolean =>
  !augments(settings) && settings.train.size === settings.trainSize

/** Whether a phase trains the head on features that are kept. */
export const cachesFeatures = (model: ResNet, settings: LearnerSettings, frozen: Frozen | false): boolean =>
  settings.cacheFeatures &&
  bodyIsStill(frozen) &&
  asTheyAre(settings) &&
  StillBody.fits(model, [settings.train, settings.valid])

/** The program of a step with this frozen, its memory planned: that of the head alone where the features of images are kept. */
export function planStep(
  device: Device,
  model: ResNet,
  settings: LearnerSettings,
  batch: number,
  frozen: Frozen | false,
): Plan {
  const name = planName(frozen)
  const { recompute, train, trainSize: size } = settings
  const options = graphOptions(settings)
  if (cachesFeatures(model, settings, frozen)) {
    const graph = headTrainingGraph(model, batch, options)
    return { name, graph, input: graph.features, compiled: compile(device, name, graph.graph) }
  }
  const augment = asTheyAre(settings) ? null : { source: train.size, mixes: mixes(settings) }
  const graph = trainingGraph(model, { batch, size }, { ...options, frozen, augment })
  return { name, graph, input: graph.pixels, compiled: compile(device, name, graph.graph, { recompute }) }
}

function graphOptions(settings: LearnerSettings) {
  const { optimizer, labelSmoothing, precision, classWeights, accumulate, clipNorm, emaDecay, decayNorms } = settings
  return {
    optimizer,
    labelSmoothing,
    precision,
    decayNorms,
    classWeights: classWeights !== null,
    accumulate: accumulate > 1,
    clip: clipNorm !== null,
    average: emaDecay !== null,
  }
}

/** The programs at some batch that need the most memory, planned: where the most learns, and evaluation. */
export function planBatch(device: Device, model: ResNet, settings: LearnerSettings, batch: number): BatchPlan {
  const plan = planStep(device, model, settings, batch, settings.frozen)
  const evaluation = evaluationGraph(model, { batch, size: settings.valid.size })
  const compiled = compile(device, 'evaluation', evaluation.graph)
  return { plan, evaluation, compiled, programs: [compiled, plan.compiled] }
}
