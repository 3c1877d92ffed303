import { SingleBar } from 'cli-progress'

/**
 * How far long work has come: a bar on a terminal, a line now and then elsewhere. Always on stderr.
 * Call `pause` before writing anything else; the next `update` brings the bar back.
 */
export interface Progress {
  update(state: ProgressState): void
  pause(): void
}

interface ProgressState {
  /** What is being done, in a few words. */
  label: string
  done: number
  total: number
  /** Rate, time left and the like; follows the count. */
  detail: string
}

/** Between two plain lines at least this much time passes. */
const plainInterval = 10_000

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? barProgress(stream) : plainProgress(stream)
}

function barProgress(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined
  return {
    update: ({ label, done, total, detail }) => {
      const payload = { label, detail }
      if (bar === undefined) {
        bar = new SingleBar({
          stream,
          format: '{label} {bar} {value}/{total} {detail}',
          barsize: 24,
          clearOnComplete: true,
          hideCursor: true,
          // Ctrl-C belongs to the command, which ends the work in order.
          gracefulExit: false,
        })
        bar.start(total, done, payload)
        return
      }
      bar.setTotal(total)
      bar.update(done, payload)
    },
    pause: () => {
      bar?.stop()
      bar = undefined
    },
  }
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  let label = ''
  let last = 0
  return {
    update: (state) => {
      const now = performance.now()
      // The first of a kind and the last of all are always worth a line.
      const due = state.label !== label || now - last >= plainInterval
      if (!due && state.done !== state.total) return
      label = state.label
      last = now
      stream.write(`${state.label}: ${[`${state.done}/${state.total}`, state.detail].filter(Boolean).join(', ')}\n`)
    },
    pause: () => {},
  }
}
