/** What of a network is frozen: its first stages, and what their batch norms do meanwhile. */

/** From input to output: conv1 with bn1, torchvision's layers, the head. */
export const stages = ['stem', 'layer1', 'layer2', 'layer3', 'layer4', 'head'] as const

export type Stage = (typeof stages)[number]

/**
 * Of frozen stages. `train`: they normalise by the batch, γ and β learn and running statistics move (fastai's train_bn).
 * `statistics`: they normalise by the batch, only running statistics move. `frozen`: they normalise by the running statistics, and
 * nothing moves. With the last two no gradient goes below the first stage that learns.
 */
export const normPolicies = ['train', 'statistics', 'frozen'] as const

export type NormPolicy = (typeof normPolicies)[number]

export interface Frozen {
  /** The first stage that learns. */
  below: Stage
  norms: NormPolicy
}

/** fastai's `freeze`: the head learns, and the body's batch norms. */
export const frozenBody: Frozen = { below: 'head', norms: 'train' }

export const isFrozen = (stage: Stage, frozen: Frozen | false): boolean =>
  frozen !== false && stages.indexOf(stage) < stages.indexOf(frozen.below)

/** Whether the batch norms of a stage normalise by the running statistics. */
export const isStill = (stage: Stage, frozen: Frozen | false): boolean =>
  frozen !== false && frozen.norms === 'frozen' && isFrozen(stage, frozen)

/** Whether nothing of the body moves, so that an image's features are the same in every epoch. */
export const bodyIsStill = (frozen: Frozen | false): boolean => isStill('layer4', frozen)
