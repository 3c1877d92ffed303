import { expect, test } from 'vitest'
import { paced } from './paced-ticks.ts'

/** What the bindings do: a look at the events, which asks for the next one as long as something is pending. */
function pendingFor(milliseconds: number, onLook: (after: number) => void): Promise<void> {
  const started = performance.now()
  return new Promise((resolve) => {
    const tick = (): void => {
      const after = performance.now() - started
      onLook(after)
      if (after >= milliseconds) resolve()
      else globalThis.setImmediate(tick)
    }
    globalThis.setImmediate(tick)
  })
}

test('a wait looks after its device now and then, until it is over, and not on every turn of the loop', async () => {
  let late = 0
  await paced(() => pendingFor(100, (after) => (late += after > 10 ? 1 : 0)))
  expect(late).toBeGreaterThan(0)
  // At least a millisecond apart.
  expect(late).toBeLessThan(95)
})

test('nobody else sees another setImmediate, be it after a failure', async () => {
  const { setImmediate } = globalThis
  const during: boolean[] = []
  const wait = paced(() => pendingFor(5, () => during.push(globalThis.setImmediate === setImmediate)))
  expect(globalThis.setImmediate).toBe(setImmediate)
  await new Promise<void>((resolve) => setImmediate(resolve))
  expect(globalThis.setImmediate).toBe(setImmediate)
  await wait
  expect(during.every((same) => !same)).toBe(true)
  const fail = (): never => {
    throw new Error('refused')
  }
  expect(() => paced(fail)).toThrow('refused')
  expect(globalThis.setImmediate).toBe(setImmediate)
})
