import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism, constants, setPriority } from 'node:os'
import { extname } from 'node:path'
import { EngineError } from '../errors.ts'
import type { EvaluateEvent, EvaluateResult, EvaluateSpec } from '../evaluate/spec.ts'
import type { TrainEvent, TrainResult, TrainSpec } from '../train/spec.ts'
import type { FromHost, TaskName, Tasks, ToHost } from './tasks.ts'

export interface TaskOptions<Event> {
  onEvent?: (event: Event) => void
  /** Hears what concerns the host rather than its task. */
  onWarning?: (message: string) => void
  /** Ends the task; the promise then rejects with code ABORTED within `abortGrace`. */
  signal?: AbortSignal
}

export type TrainOptions = Omit<TaskOptions<TrainEvent>, 'onWarning'>

/** How long a host may take to answer an abort (it may be waiting for a step of the device) before it is killed, in ms. */
const abortGrace = 1500

/** Lines that drivers print at every start and that say nothing about the run. */
const chatter = /artificially reduced|XDG_RUNTIME_DIR|ExperimentalWarning|--trace-warnings/

/** Runs a training in an engine host (`runTask`); of an aborted or crashed one the checkpoints written until then remain. */
export function train(spec: TrainSpec, { onEvent, ...options }: TrainOptions = {}): Promise<TrainResult> {
  const onWarning = (message: string) => onEvent?.({ type: 'log', level: 'warn', message })
  return runTask('train', spec, { ...options, onWarning, ...(onEvent && { onEvent }) })
}

/** Evaluates a model in an engine host (`runTask`). */
export function evaluate(
  spec: EvaluateSpec,
  { onEvent, ...options }: Omit<TaskOptions<EvaluateEvent>, 'onWarning'> = {},
): Promise<EvaluateResult> {
  const onWarning = (message: string) => onEvent?.({ type: 'log', level: 'warn', message })
  return runTask('evaluate', spec, { ...options, onWarning, ...(onEvent && { onEvent }) })
}

/**
 * Runs a task in an engine host, a process of its own, and resolves with its result. Rejects with an EngineError: the
 * host's own, ABORTED, or HOST_CRASHED with the last words of a host that died.
 */
export function runTask<Name extends TaskName>(
  task: Name,
  input: Tasks[Name]['input'],
  { onEvent, onWarning, signal }: TaskOptions<Tasks[Name]['event']> = {},
): Promise<Tasks[Name]['result']> {
  if (signal?.aborted) return Promise.reject(new EngineError('ABORTED', 'stopped before it began'))
  const host = startHost()
  const lastWords = keepLastLines(host)
  return new Promise<Tasks[Name]['result']>((resolve, reject) => {
    let killer: NodeJS.Timeout | undefined
    // A caller that has its answer hears no more events of a host that is still leaving.
    let answered = false
    const succeed = (result: Tasks[Name]['result']): void => {
      answered = true
      resolve(result)
    }
    const fail = (error: EngineError): void => {
      answered = true
      reject(error)
    }
    const stop = (): void => {
      host.send({ type: 'abort' } satisfies ToHost)
      killer = setTimeout(() => {
        host.kill('SIGKILL')
        fail(new EngineError('ABORTED', 'stopped on request'))
      }, abortGrace)
    }
    signal?.addEventListener('abort', stop, { once: true })
    host.on('message', (message: FromHost<Name>) => {
      if (answered) return
      if (message.type === 'event') onEvent?.(message.event)
      else if (message.type === 'warning') onWarning?.(message.message)
      else if (message.type === 'done') succeed(message.result)
      else fail(Object.assign(new EngineError(message.code, message.message), { hostStack: message.stack }))
    })
    host.on('error', (cause) =>
      fail(new EngineError('HOST_CRASHED', `the engine host cannot start: ${cause.message}`, { cause })),
    )
    // 'close' comes after every message and every line has been read; a settled promise ignores what follows.
    host.on('close', (code, killedBy) => {
      clearTimeout(killer)
      signal?.removeEventListener('abort', stop)
      const how = killedBy ? `was killed by ${killedBy}` : `exited with code ${code}`
      const words = lastWords()
      fail(new EngineError('HOST_CRASHED', `the engine host ${how}${words ? `; its last words: ${words}` : ''}`))
    })
    host.send({ type: 'run', task, input } satisfies ToHost)
  })
}

function startHost(): ChildProcess {
  const extension = extname(import.meta.url)
  const host = fork(new URL(`./host${extension}`, import.meta.url), {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Images are decoded on libuv's threads, which are four unless it is told before it starts.
    env: { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())), ...process.env },
    // Source needs the workspace's export condition, whoever the caller is (a test runner does not pass it on).
    execArgv: extension === '.ts' ? ['--conditions=@sporeprint/source'] : [],
  })
  // A software adapter takes every core; whoever serves requests beside it goes first.
  if (host.pid !== undefined) setPriority(host.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  return host
}

/** Collects what the host prints, which a caller's stdout must not carry; returns the end of it. */
function keepLastLines(host: ChildProcess): () => string {
  let text = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4000)
  }
  host.stdout?.on('data', keep)
  host.stderr?.on('data', keep)
  return () => {
    const lines = text.split('\n').filter((line) => line.trim() && !chatter.test(line))
    return lines.slice(-6).join(' | ')
  }
}
