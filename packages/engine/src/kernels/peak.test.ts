import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { peak } from './peak.ts'
import { output, runKernel } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

test.each([0, 1, 5])(
  'every invocation does all the multiply-adds of %i rounds that the cost counts',
  async (rounds) => {
    const workgroups = 2
    const kernel = peak(workgroups, rounds)
    // With both factors 1 a multiply-add counts up, exactly: three chains that begin at i, i + 1 and i + 2.
    const factors = new Float32Array([1, 1, rounds, 0])
    const sums = output(await runKernel(device, kernel, { factors, sums: workgroups * 64 * 4 }), 'sums')
    const steps = kernel.flops / (2 * 4 * 3 * 64 * workgroups)
    expect(steps).toBe(16 * rounds)
    expect([...sums]).toEqual(Array.from(sums, (_, i) => 3 * (Math.floor(i / 4) % 64) + 3 + 3 * steps))
  },
)
