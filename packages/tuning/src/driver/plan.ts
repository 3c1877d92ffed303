import { TuningError } from '../errors.ts'
import type { Pruner } from '../pruners/pruner.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Parameters, Space } from '../space.ts'
import { checkStudy, type Direction } from '../study.ts'

/**
 * A driven study: what is searched, how far a trial may go, and what all of it may cost. Plain data.
 *
 * An epoch here is one with the whole network trainable: a step then means the same in a trial that freezes the body for one epoch as
 * in one that does for five, and no pruner looks before the body is unfrozen. Only budgets count the frozen ones too.
 */
export interface StudyPlan {
  readonly name: string
  /** u32 */
  readonly seed: number
  readonly space: Space
  readonly sampler: Sampler
  readonly pruner: Pruner
  /**
   * What one would take without a search. A study that has it begins with it: trial 0 is it, what it leaves open drawn, and goes to
   * its end whatever the pruner says, so that the others are compared with a whole one.
   */
  readonly baseline?: Readonly<Parameters>
  /** What is searched for; pruners need a single one. */
  readonly objectives: readonly Objective[]
  /** Trials that run at the same time. */
  readonly parallel: number
  /** The most (unfrozen) epochs of a trial. */
  readonly epochs: number
  /** Frozen epochs before them; a parameter `freezeEpochs` of the space goes before this. */
  readonly freezeEpochs: number
  /** Under halving: after which epochs trials pause, rising, below `epochs`; null: `epochs` / η and / η². */
  readonly rungs: readonly number[] | null
  /** The rest of a trial is repeated on so many folds, under halving only by those that the last rung lets go on. */
  readonly folds: number
  readonly budget: Budget
  /** How often a trial may be lost with its worker before it is given up. */
  readonly retries: number
}

export interface Objective {
  /** Its name, which the caller knows. */
  readonly metric: string
  readonly direction: Direction
}

/** Totals of the study; null is no limit. */
export interface Budget {
  /** Trials that were started, failed ones included. */
  readonly trials: number | null
  /** Epochs of all trials together, frozen ones included. */
  readonly epochs: number | null
  /** Time after which no more work is given out. */
  readonly hours: number | null
}

export type PlanOptions = Pick<StudyPlan, 'space' | 'objectives' | 'epochs'> &
  Partial<Omit<StudyPlan, 'budget'>> & { budget?: Partial<Budget> }

/** A plan with defaults: TPE, no pruner, one trial at a time. Throws TuningError where it cannot be followed. */
export function createPlan(options: PlanOptions): StudyPlan {
  const plan: StudyPlan = {
    name: 'study',
    seed: 0,
    sampler: { kind: 'tpe' },
    pruner: { kind: 'none' },
    parallel: 1,
    freezeEpochs: 0,
    rungs: null,
    folds: 1,
    retries: 3,
    ...options,
    budget: { trials: null, epochs: null, hours: null, ...options.budget },
  }
  checkPlan(plan)
  return plan
}

/** Whether trials pause at rungs, from which the best go on. */
export function pausesAtRungs({ pruner }: Pick<StudyPlan, 'pruner'>): boolean {
  return pruner.kind === 'successiveHalving' || pruner.kind === 'hyperband'
}

const refused = (field: string, message: string): TuningError => new TuningError(message, { field })

export function checkPlan(plan: StudyPlan): void {
  const { objectives, space, pruner, epochs, rungs, budget } = plan
  checkStudy({ ...plan, directions: objectives.map(({ direction }) => direction) })
  checkWhole('parallel', plan.parallel, 1)
  checkWhole('epochs', epochs, 1)
  checkWhole('freezeEpochs', plan.freezeEpochs, 0)
  checkWhole('folds', plan.folds, 1)
  checkWhole('retries', plan.retries, 0)
  const freeze = space.freezeEpochs
  if (freeze !== undefined && (freeze.kind === 'float' || (freeze.kind === 'int' && freeze.low < 0))) {
    throw refused('space.freezeEpochs', 'freezeEpochs counts epochs: make it an int from 0')
  }
  if (freeze?.kind === 'categorical' && !freeze.choices.every((choice) => Number.isInteger(choice))) {
    throw refused('space.freezeEpochs', 'freezeEpochs counts epochs: its choices must be integers from 0')
  }
  if (Object.hasOwn(space, 'epochs')) {
    throw refused('space.epochs', 'epochs is how far a trial may go, not a parameter: leave it out of the space')
  }
  for (const [name, limit] of Object.entries(budget)) {
    if (limit !== null && !(limit > 0)) {
      throw refused(`budget.${name}`, `The budget's ${name} is ${limit}: it must be above 0`)
    }
  }
  if (pruner.kind === 'patient' && pruner.wrapped !== null && pausesAtRungs({ pruner: pruner.wrapped })) {
    throw refused('pruner', `Patience cannot wrap ${pruner.wrapped.kind}, whose trials pause: take one of the two`)
  }
  if (rungs === null) return
  if (!pausesAtRungs(plan)) {
    throw refused('rungs', `Rungs are for successiveHalving and hyperband, not for ${pruner.kind}: leave them out`)
  }
  rungs.forEach((rung, k) => {
    if (!Number.isInteger(rung) || rung <= (rungs[k - 1] ?? 0) || rung >= epochs) {
      throw refused('rungs', `The rungs are [${rungs.join(', ')}]: they must be integers that rise, below ${epochs}`)
    }
  })
}

function checkWhole(name: string, value: number, low: number): void {
  if (!Number.isInteger(value) || value < low) {
    throw refused(name, `The study's ${name} is ${value}: it must be an integer from ${low}`)
  }
}
