import type { ConfusionMatrix } from '../counts/confusion.ts'
import { LossKeeper } from './loss-keeper.ts'

export interface MistakeKeeperOptions {
  /** Worst samples to keep of each kind of mistake. */
  each: number
  /** Kinds to keep samples of. */
  kinds: number
}

/**
 * Keeps the worst samples of each kind of mistake (what it was, what it was taken for) as they pass one by one: O(kinds · each) memory.
 * When there are more kinds, the half that was made least often until then is forgotten, and begins anew when it is made again. So a kind
 * has a sample wherever fewer than `kinds / 2` others are as frequent in the end.
 */
export class MistakeKeeper<Id> {
  readonly #options: MistakeKeeperOptions
  /** By actual, then predicted. */
  readonly #kept = new Map<number, Map<number, LossKeeper<Id>>>()
  #kinds = 0

  constructor(options: MistakeKeeperOptions) {
    this.#options = options
  }

  /** Adds a mistake; `confusion` gives the counts up to it. */
  add(actual: number, predicted: number, loss: number, id: Id, confusion: () => ConfusionMatrix): void {
    let row = this.#kept.get(actual)
    if (!row) this.#kept.set(actual, (row = new Map()))
    let keeper = row.get(predicted)
    if (!keeper) {
      row.set(predicted, (keeper = new LossKeeper(this.#options.each)))
      this.#kinds += 1
    }
    keeper.add(loss, id)
    if (this.#kinds > this.#options.kinds) this.#forget(confusion())
  }

  /** The worst samples of a kind, the worst first. */
  kept(actual: number, predicted: number): Id[] {
    const kept = this.#kept.get(actual)?.get(predicted)?.kept() ?? []
    return kept.map(({ id }) => id)
  }

  #forget(confusion: ConfusionMatrix): void {
    const kinds = [...this.#kept].flatMap(([actual, row]) =>
      Array.from(row.keys(), (predicted) => ({ row, predicted, count: confusion[actual]?.[predicted] ?? 0 })),
    )
    kinds.sort((a, b) => b.count - a.count)
    const rest = kinds.slice(Math.ceil(this.#options.kinds / 2))
    for (const { row, predicted } of rest) row.delete(predicted)
    this.#kinds -= rest.length
  }
}
