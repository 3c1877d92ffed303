/**
 * An async iterator over items that arrive by key; a newer item takes the place of one of the same key that nobody has read
 * yet. Written out rather than as a generator, whose `return` would wait for the next item before it let go.
 */
export class Inbox<Key, Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #waiting = new Map<Key, Item>()
  readonly #ended: () => void
  #readers: ((result: IteratorResult<Item, undefined>) => void)[] = []
  #open = true

  /** @param ended called once, when the reader lets go or `end` is called. */
  constructor(ended: () => void) {
    this.#ended = ended
  }

  waiting(key: Key): Item | undefined {
    return this.#waiting.get(key)
  }

  put(key: Key, item: Item): void {
    if (!this.#open) return
    const reader = this.#readers.shift()
    if (reader) reader({ value: item, done: false })
    else this.#waiting.set(key, item)
  }

  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#waiting.clear()
    for (const reader of this.#readers) reader({ value: undefined, done: true })
    this.#readers = []
    this.#ended()
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    for (const [key, item] of this.#waiting) {
      this.#waiting.delete(key)
      return Promise.resolve({ value: item, done: false })
    }
    if (!this.#open) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
