/**
 * Waiting for Dawn without spinning. While one of its promises is pending, the Node bindings look for events on every turn of the
 * event loop: each look is a tick that they hand to `setImmediate`, anew each time. Left alone that takes a whole core, from the very
 * work that is awaited on a software adapter, and makes garbage by the megabyte, whose collection slows down the next step tenfold.
 * So the tick is caught as it is handed over, and run a little later. `setImmediate` is replaced only while a call into the bindings
 * runs, so nobody else ever sees it (webgpu 0.6).
 */

/** For so long Dawn is looked after on every turn: a fast GPU is done by then. In milliseconds, as all here. */
const spinFor = 2

/** Longest time between two looks. Before that, they are a twentieth of the time waited apart, so nobody waits much too long. */
const longestPause = 4

let waitingSince = 0

/** Makes a call that may begin a wait. */
export function paced<T>(call: () => T): T {
  waitingSince = performance.now()
  return catchTick(call)
}

function catchTick<T>(call: () => T): T {
  const { setImmediate } = globalThis
  const later = (tick: () => void): void => {
    const waited = performance.now() - waitingSince
    const look = (): void => catchTick(tick)
    if (waited < spinFor) setImmediate(look)
    else setTimeout(look, Math.min(longestPause, waited / 20))
  }
  globalThis.setImmediate = later as unknown as typeof setImmediate
  try {
    return call()
  } finally {
    globalThis.setImmediate = setImmediate
  }
}
