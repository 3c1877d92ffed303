/**
 * The engine host: a process that opens the device, does one task and leaves. It is apart from its caller because the Node
 * bindings spin the event loop while work is pending, and because a driver may take its process down.
 */

import { openTunedDevice } from '../autotune/kept-choices.ts'
import { runInferenceBench } from '../bench/infer.ts'
import { EngineError } from '../errors.ts'
import { runEvaluation } from '../evaluate/evaluate.ts'
import { runExplain } from '../explain/run.ts'
import { runCalibration } from '../infer/run-calibration.ts'
import { runPrediction } from '../infer/run-prediction.ts'
import { findRate, runTraining } from '../train/run.ts'
import type { FromHost, TaskContext, TaskName, TaskRunners, Tasks, ToHost } from './tasks.ts'

const runners: TaskRunners = {
  findRate: ({ spec, sweep }, context) => findRate(spec, sweep, context),
  train: runTraining,
  evaluate: runEvaluation,
  explain: runExplain,
  predict: runPrediction,
  calibrate: runCalibration,
  benchInference: runInferenceBench,
}

const abort = new AbortController()

const send = (message: FromHost): Promise<void> =>
  new Promise((sent) => (process.connected ? process.send?.(message, () => sent()) : sent()))

process.on('message', (message: ToHost) => {
  if (message.type === 'abort') abort.abort()
  else void run(message.task, message.input)
})
// A caller that is gone wants nothing any more.
process.on('disconnect', () => abort.abort())
// Ctrl-C in a terminal reaches the whole process group: the caller decides what it means.
process.on('SIGINT', () => {})

async function run<Name extends TaskName>(task: Name, input: Tasks[Name]['input']): Promise<void> {
  const context: TaskContext<Tasks[Name]['event']> = {
    openDevice: (options) =>
      openTunedDevice({ ...options, onProblem: (message) => void send({ type: 'warning', message }) }),
    onEvent: (event) => void send({ type: 'event', event }),
    signal: abort.signal,
  }
  try {
    await send({ type: 'done', result: await runners[task](input, context) })
  } catch (error) {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
    await send({ type: 'failed', code: error instanceof EngineError ? error.code : 'INTERNAL', message, stack })
  }
  // Dawn's threads must be done before the process is (the device is destroyed by now): leave on a turn of its own.
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(0), 0)
}
