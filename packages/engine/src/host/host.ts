/**
 * The engine host: a process that opens the device, does one job and leaves. It is apart from its caller because the Node
 * bindings spin the event loop while work is pending, and because a driver may take its process down.
 */

import { openTunedDevice } from '../autotune/kept-choices.ts'
import { EngineError } from '../errors.ts'
import { runTraining } from '../train/run.ts'
import type { FromHost, ToHost } from './protocol.ts'

const abort = new AbortController()

const send = (message: FromHost): Promise<void> =>
  new Promise((sent) => (process.connected ? process.send?.(message, () => sent()) : sent()))

process.on('message', (message: ToHost) => {
  if (message.type === 'abort') abort.abort()
  else void train(message)
})
// A caller that is gone wants nothing any more.
process.on('disconnect', () => abort.abort())
// Ctrl-C in a terminal reaches the whole process group: the caller decides what it means.
process.on('SIGINT', () => {})

async function train({ spec }: Extract<ToHost, { type: 'train' }>): Promise<void> {
  try {
    const result = await runTraining(spec, {
      openDevice: () =>
        openTunedDevice({
          onProblem: (message) => void send({ type: 'event', event: { type: 'log', level: 'warn', message } }),
        }),
      onEvent: (event) => void send({ type: 'event', event }),
      signal: abort.signal,
    })
    await send({ type: 'done', result })
  } catch (error) {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
    await send({ type: 'failed', code: error instanceof EngineError ? error.code : 'INTERNAL', message, stack })
  }
  // Dawn's threads must be done before the process is (the device is destroyed by now): leave on a turn of its own.
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(0), 0)
}
