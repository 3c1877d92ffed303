/**
 * Rows evenly spread over a stream, with their labels: all of them until `limit` is reached, then every second, every fourth… of all that
 * passed. What needs rows again (a fitted temperature, an exact ranking) has them here in bounded memory.
 */
export class RowSample {
  readonly #classes: number
  readonly #limit: number
  #labels: number[] = []
  #rows: Float32Array[] = []
  #stride = 1
  #seen = 0

  constructor(classes: number, limit: number) {
    this.#classes = classes
    this.#limit = limit
  }

  /** Whether every row that passed is here. */
  get complete(): boolean {
    return this.#stride === 1
  }

  add(label: number, rows: ArrayLike<number>, offset: number): void {
    if (this.#seen++ % this.#stride !== 0) return
    this.#labels.push(label)
    this.#rows.push(Float32Array.from({ length: this.#classes }, (_, k) => rows[offset + k] as number))
    if (this.#rows.length <= this.#limit) return
    this.#stride *= 2
    this.#labels = this.#labels.filter((_, i) => i % 2 === 0)
    this.#rows = this.#rows.filter((_, i) => i % 2 === 0)
  }

  /** `labels` [n] and `rows` [n, K], flat. */
  sample(): { labels: number[]; rows: Float32Array } {
    const rows = new Float32Array(this.#rows.length * this.#classes)
    for (const [i, row] of this.#rows.entries()) rows.set(row, i * this.#classes)
    return { labels: this.#labels, rows }
  }
}
