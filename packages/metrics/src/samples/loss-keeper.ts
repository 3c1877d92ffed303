import { checkInteger } from '../errors.ts'

export interface KeptLoss<Id> {
  id: Id
  loss: number
}

/**
 * Keeps the `keep` largest losses of samples that pass one by one, or the least ones, with an id for each: O(keep) memory. Of equal
 * losses the earlier stays. NaN is larger than any number: a sample whose loss is undefined belongs among the worst.
 */
export class LossKeeper<Id = number> {
  readonly #keep: number
  readonly #sign: 1 | -1
  /** A heap whose first entry is the first to go. */
  readonly #heap: (KeptLoss<Id> & { order: number })[] = []
  #seen = 0

  constructor(keep: number, which: 'largest' | 'least' = 'largest') {
    checkInteger(keep, 1, 'keep')
    this.#keep = keep
    this.#sign = which === 'largest' ? 1 : -1
  }

  add(loss: number, id: Id): this {
    const order = this.#seen++
    const first = this.#heap[0]
    if (first === undefined || this.#heap.length < this.#keep) {
      this.#heap.push({ loss, id, order })
      this.#rise(this.#heap.length - 1)
    } else if (this.#sign * compareLosses(loss, first.loss) > 0) {
      // Most samples of a stream end before this, and cost nothing to be kept. Of equals the earlier stays.
      this.#heap[0] = { loss, id, order }
      this.#sink()
    }
    return this
  }

  /** What was kept, the most extreme first. */
  kept(): KeptLoss<Id>[] {
    return this.#heap.toSorted((a, b) => this.#compare(b, a)).map(({ id, loss }) => ({ id, loss }))
  }

  /** Above 0 where `a` stays rather than `b`. */
  #compare(a: { loss: number; order: number }, b: { loss: number; order: number }): number {
    return this.#sign * compareLosses(a.loss, b.loss) || b.order - a.order
  }

  #rise(from: number): void {
    const heap = this.#heap
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1
      if (this.#compare(heap[child]!, heap[parent]!) >= 0) return
      swap(heap, child, parent)
      child = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let parent = 0; ; ) {
      let least = parent
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.#compare(heap[child]!, heap[least]!) < 0) least = child
      }
      if (least === parent) return
      swap(heap, parent, least)
      parent = least
    }
  }
}

function compareLosses(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a === b ? 0 : a > b ? 1 : -1
}

function swap(heap: unknown[], i: number, j: number): void {
  ;[heap[i], heap[j]] = [heap[j], heap[i]]
}
