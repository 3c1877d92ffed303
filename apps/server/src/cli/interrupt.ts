/**
 * The first SIGINT or SIGTERM aborts the signal, so that work ends at a clean place; the second ends the process at once.
 * `release` puts Node's own handling back.
 */
export function abortOnInterrupt(onFirst: (signal: NodeJS.Signals) => void): {
  signal: AbortSignal
  release: () => void
} {
  const controller = new AbortController()
  const handle = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort()
    onFirst(signal)
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, handle)
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of signals) process.off(signal, handle)
    },
  }
}

/** Resolves at the first SIGINT or SIGTERM, after telling of it; the second ends the process at once. */
export function untilInterrupted(onFirst: (signal: NodeJS.Signals) => void): Promise<void> {
  return new Promise((resolve) => {
    abortOnInterrupt((signal) => {
      onFirst(signal)
      resolve()
    })
  })
}
