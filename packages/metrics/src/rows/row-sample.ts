/**
 * Rows evenly spread over a stream, with their labels: all of them until `limit` is reached, then every second, every fourth… of all that
 * passed. What needs rows again (a fitted temperature, an exact ranking) has them here in bounded memory.
 */
export class RowSample {
  readonly #classes: number
  readonly #limit: number
  #labels: Uint32Array<ArrayBuffer>
  /** [labels, K], of which `#kept` rows are filled. */
  #rows: Float32Array<ArrayBuffer>
  #kept = 0
  #stride = 1
  #seen = 0

  constructor(classes: number, limit: number) {
    this.#classes = classes
    this.#limit = limit
    this.#labels = new Uint32Array(Math.min(limit, 1024))
    this.#rows = new Float32Array(this.#labels.length * classes)
  }

  /** Whether every row that passed is here. */
  get complete(): boolean {
    return this.#stride === 1
  }

  add(label: number, rows: ArrayLike<number>, offset: number): void {
    if (this.#seen++ % this.#stride !== 0) return
    if (this.#kept === this.#limit) {
      this.#halve()
      // Whether this row belongs to the thinner sample.
      if ((this.#seen - 1) % this.#stride !== 0) return
    }
    if (this.#kept === this.#labels.length) this.#grow()
    this.#labels[this.#kept] = label
    const start = this.#kept * this.#classes
    for (let k = 0; k < this.#classes; k++) this.#rows[start + k] = rows[offset + k] as number
    this.#kept++
  }

  /** `labels` [n] and `rows` [n, K], flat; both change with the next row. */
  sample(): { labels: Uint32Array; rows: Float32Array } {
    return {
      labels: this.#labels.subarray(0, this.#kept),
      rows: this.#rows.subarray(0, this.#kept * this.#classes),
    }
  }

  /** Keeps every second row. */
  #halve(): void {
    const K = this.#classes
    const kept = Math.ceil(this.#kept / 2)
    for (let i = 1; i < kept; i++) {
      this.#labels[i] = this.#labels[2 * i] as number
      this.#rows.copyWithin(i * K, 2 * i * K, (2 * i + 1) * K)
    }
    this.#kept = kept
    this.#stride *= 2
  }

  #grow(): void {
    const labels = new Uint32Array(Math.min(this.#limit, 2 * this.#labels.length))
    labels.set(this.#labels)
    const rows = new Float32Array(labels.length * this.#classes)
    rows.set(this.#rows)
    this.#labels = labels
    this.#rows = rows
  }
}
