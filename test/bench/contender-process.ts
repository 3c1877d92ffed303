/**
 * The run's side of one contender: a process of its own, prepared once, then given turns. Between turns it is stopped by
 * signal, because an idle device of the Node bindings keeps a core busy.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { adam, classes, mark, provenSteps, type Ready, type Turn, type Workload } from './contender.ts'

const contend = fileURLToPath(new URL('./contend.ts', import.meta.url))
const torch = fileURLToPath(new URL('./contenders/torch_one_thread.py', import.meta.url))

/** A stopped process hears no signal but the last, and would stay for ever. */
const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export interface Peers {
  /** Folder with the peers' packages. */
  packages: string
  /** A Python that imports torch, torchvision and numpy. */
  python: string
}

export class ContenderProcess {
  readonly name: string
  readonly ready: Ready
  readonly #child: ChildProcess
  readonly #reader: MarkedLines

  /** Resolves once the contender has computed its first results. Rejects with what it wrote where it dies before. */
  static async start(
    name: string,
    workload: Workload,
    { packages, python }: Peers,
    env: Record<string, string> = {},
  ): Promise<ContenderProcess> {
    const [command, args] =
      name === 'pytorch-1-thread'
        ? [python, [torch, JSON.stringify([workload, classes, adam, provenSteps, mark])]]
        : [process.execPath, ['--conditions=@sporeprint/source', contend, name, JSON.stringify(workload), packages]]
    const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } })
    living.add(child)
    child.once('close', () => living.delete(child))
    const reader = new MarkedLines(name, child)
    const ready = (await reader.next()) as Ready
    child.kill('SIGSTOP')
    return new ContenderProcess(name, ready, child, reader)
  }

  private constructor(name: string, ready: Ready, child: ChildProcess, reader: MarkedLines) {
    this.name = name
    this.ready = ready
    this.#child = child
    this.#reader = reader
  }

  /** Batches for at least `seconds`, one in any case. */
  async turn(seconds: number): Promise<Turn> {
    this.#child.kill('SIGCONT')
    this.#child.stdin?.write(`${JSON.stringify({ seconds })}\n`)
    const turn = (await this.#reader.next()) as Turn
    this.#child.kill('SIGSTOP')
    return turn
  }

  /** Ends the process; resolves when it has gone, its memory with it. */
  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await gone
  }
}

/** The marked lines of a child's output, one by one, each as JSON; what else it writes is kept for an error's sake. */
class MarkedLines {
  readonly #name: string
  #rest = ''
  #other = ''
  #ended: Error | null = null
  #lines: unknown[] = []
  #wake: (() => void) | null = null

  constructor(name: string, child: ChildProcess) {
    this.#name = name
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text))
    // A child that has died takes no more lines; its exit says so.
    child.stdin?.on('error', () => {})
    child.once('error', (error) => this.#end(error.message))
    child.once('close', (code, signal) => this.#end(`it ended with ${signal ?? code}: ${this.#other.trim()}`))
  }

  async next(): Promise<unknown> {
    while (this.#lines.length === 0) {
      if (this.#ended) throw this.#ended
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    return this.#lines.shift()
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith(mark)) this.#lines.push(JSON.parse(line.slice(mark.length)))
      else this.#keep(`${line}\n`)
    }
    this.#wake?.()
  }

  #keep(text: string): void {
    this.#other = (this.#other + text).slice(-2000)
  }

  #end(what: string): void {
    this.#ended = new Error(`${this.#name} did not answer: ${what}`)
    this.#wake?.()
  }
}
