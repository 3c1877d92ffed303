/**
 * Reads Python pickles without executing anything. A pickle is a program for a stack machine, and two of its instructions,
 * REDUCE and BUILD, let whoever wrote it call any function of any Python module. Here a name of a module is looked up in a
 * table of the caller's, and what is not there is refused by name; all that "calling" does is to run the table's own function.
 *
 * Python objects become JavaScript's: tuples and lists arrays, dicts Maps. Every length is checked before it is used. An
 * instruction takes constant time and memory, or time and memory in proportion to what it takes off the stack, and their
 * number is bounded; so is the file's. Shared values stay shared: a tuple doubled sixty times over is sixty arrays.
 *
 * Protocols 2 to 4 as far as torch.save writes them. Source: Python's pickletools.py, which documents each instruction.
 */
import type { Refuse } from './byte-source.ts'

/** What stands for a Python function or class: called for REDUCE and NEWOBJ. */
export type PickleFunction = (args: readonly unknown[]) => unknown

export interface PickleOptions {
  /** By `module.name`: functions, or values that stand for themselves. */
  globals: ReadonlyMap<string, unknown>
  /** The object that a persistent id stands for. */
  persistent: (id: unknown) => unknown
  /** Whether BUILD may set the attributes of `object`; they are read past. */
  hasAttributes: (object: unknown) => boolean
  refuse: Refuse
}

/** A checkpoint of ResNet-50 with its optimiser has some fifty thousand. */
const mostInstructions = 1_000_000
/** torch's magic number has 10. */
const longestInteger = 16

/** The value of the pickle that begins at `start`, and where it ends. */
export function readPickle(bytes: Uint8Array, start: number, options: PickleOptions): { value: unknown; end: number } {
  return new PickleMachine(bytes, start, options).run()
}

/** What each instruction does, by its byte. */
const instructions: ReadonlyMap<number, (m: PickleMachine) => void> = new Map([
  [0x80, (m) => m.u8() > 5 && m.refuse('its pickle is of an unknown protocol')], // PROTO
  [0x95, (m) => m.take(8)], // FRAME, a hint for buffering
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => m.pop()], // POP
  [0x31, (m) => m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP

  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4b, (m) => m.push(m.u8())], // BININT1
  [0x4d, (m) => m.push(m.u16())], // BININT2
  [0x4a, (m) => m.push(m.i32())], // BININT
  [0x8a, (m) => m.push(m.integer(m.u8()))], // LONG1
  [0x8b, (m) => m.push(m.integer(m.u32()))], // LONG4
  [0x47, (m) => m.push(m.f64())], // BINFLOAT
  [0x8c, (m) => m.push(m.text(m.u8()))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.text(m.u32()))], // BINUNICODE
  [0x8d, (m) => m.push(m.text(m.u64()))], // BINUNICODE8
  [0x55, (m) => m.push(m.text(m.u8()))], // SHORT_BINSTRING, Python 2's, in old checkpoints
  [0x54, (m) => m.push(m.text(m.u32()))], // BINSTRING
  [0x43, (m) => m.push(m.slice(m.u8()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.slice(m.u32()))], // BINBYTES

  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => m.push(m.popMany(1))], // TUPLE1
  [0x86, (m) => m.push(m.popMany(2))], // TUPLE2
  [0x87, (m) => m.push(m.popMany(3))], // TUPLE3
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x61, (m) => m.append(m.popMany(1))], // APPEND
  [0x65, (m) => m.append(m.popMark())], // APPENDS
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS

  [0x63, (m) => m.global([m.line(), m.line()])], // GLOBAL
  [0x93, (m) => m.global(m.popMany(2))], // STACK_GLOBAL
  [0x52, (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID

  [0x71, (m) => m.memoise(m.u8())], // BINPUT
  [0x72, (m) => m.memoise(m.u32())], // LONG_BINPUT
  [0x94, (m) => m.memoise(m.memoised)], // MEMOIZE
  [0x68, (m) => m.recall(m.u8())], // BINGET
  [0x6a, (m) => m.recall(m.u32())], // LONG_BINGET
])

class PickleMachine {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #options: PickleOptions
  #at: number
  #stack: unknown[] = []
  /** Stacks that a MARK has laid aside. */
  readonly #marks: unknown[][] = []
  readonly #memo: Map<number, unknown> = new Map()

  constructor(bytes: Uint8Array, start: number, options: PickleOptions) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#options = options
    this.#at = start
  }

  run(): { value: unknown; end: number } {
    for (let count = 0; count < mostInstructions; count++) {
      const opcode = this.u8()
      if (opcode === 0x2e) return { value: this.pop(), end: this.#at } // STOP
      const instruction = instructions.get(opcode)
      if (!instruction)
        this.refuse(`its pickle has the instruction 0x${opcode.toString(16)}, which no state dict needs`)
      else instruction(this)
    }
    return this.refuse(`its pickle has more than ${mostInstructions} instructions, far more than a state dict needs`)
  }

  global([module, name]: readonly unknown[]): void {
    // Only text is put into words: a tuple doubled sixty times over would take for ever to spell.
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.refuse('its pickle names something by no text')
    const path = `${module}.${name}`
    const found = this.#options.globals.get(path)
    if (found === undefined)
      this.refuse(
        `it wants ${path}, which a state dict never needs and which is not run here; in PyTorch, save model.state_dict() by itself`,
      )
    this.push(found)
  }

  call(): void {
    const [callee, args] = this.popMany(2)
    if (typeof callee !== 'function' || !Array.isArray(args)) this.refuse('its pickle calls what is no function')
    this.push((callee as PickleFunction)(args as unknown[]))
  }

  build(): void {
    this.pop()
    if (!this.#options.hasAttributes(this.top())) this.refuse('its pickle sets attributes of what can have none')
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw this.refuse('its pickle appends to what is no list')
    for (const item of items) list.push(item)
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.refuse('its pickle sets items of what is no dict')
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  persistent(): void {
    this.push(this.#options.persistent(this.pop()))
  }

  get memoised(): number {
    return this.#memo.size
  }

  memoise(index: number): void {
    this.#memo.set(index, this.top())
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.refuse(`its pickle recalls ${index}, which was never memoised`)
    this.push(this.#memo.get(index))
  }

  /** Lays aside what is on the stack; `popMark` brings it back. */
  mark(): void {
    this.#marks.push(this.#stack)
    this.#stack = []
  }

  push(value: unknown): void {
    this.#stack.push(value)
  }

  top(): unknown {
    if (this.#stack.length === 0) this.refuse('its pickle takes from an empty stack')
    return this.#stack.at(-1)
  }

  pop(): unknown {
    const value = this.top()
    this.#stack.pop()
    return value
  }

  popMany(count: number): unknown[] {
    if (this.#stack.length < count) this.refuse('its pickle takes from an empty stack')
    return this.#stack.splice(-count)
  }

  /** What lies above the last mark. */
  popMark(): unknown[] {
    const items = this.#stack
    this.#stack = this.#marks.pop() ?? this.refuse('its pickle goes back to a mark that was never set')
    return items
  }

  /** Two's complement, little-endian: a number, or a bigint beyond 2⁵³. */
  integer(length: number): number | bigint {
    if (length > longestInteger) this.refuse(`its pickle has an integer of ${length} bytes`)
    const at = this.take(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#view.getUint8(at + i))
    value = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  text(length: number): string {
    try {
      return utf8.decode(this.slice(length))
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause
      return this.refuse('its pickle has text that is not UTF-8')
    }
  }

  /** Up to the end of the line. */
  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + 256).indexOf(0x0a)
    if (end < 0) this.refuse('its pickle is cut off, or names something beyond 255 letters')
    const text = this.text(end)
    this.#at++
    return text
  }

  slice(length: number): Uint8Array {
    const at = this.take(length)
    return this.#bytes.subarray(at, at + length)
  }

  u8(): number {
    return this.#view.getUint8(this.take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.take(4), true)
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.take(8), true))
  }

  i32(): number {
    return this.#view.getInt32(this.take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.take(8))
  }

  /** Moves past `length` bytes, and says where they begin. */
  take(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) this.refuse(`its pickle is cut off after ${this.#bytes.length} bytes`)
    this.#at += length
    return at
  }

  refuse(what: string): never {
    return this.#options.refuse(what)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
