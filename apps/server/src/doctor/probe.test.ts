import { describe, expect, it } from 'vitest'
import { probeAdapter } from './probe.ts'

describe('the adapter probe', () => {
  it('finds an adapter that computes, with its features and limits', async () => {
    const result = await probeAdapter()
    if (!result.adapter) throw new Error(result.reason)
    const { name, vendor, software, features, limits } = result.adapter
    expect(name).not.toBe('')
    expect(vendor).not.toBe('')
    expect(software).toBe(/llvmpipe|swiftshader/i.test(name))
    expect(features).toContain('core-features-and-limits')
    expect(features).toEqual([...features].sort())
    // What WebGPU promises of every device.
    expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 2 ** 20)
    expect(limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256)
  })

  it.runIf(process.platform === 'linux')('quotes the Vulkan loader where no driver is', async () => {
    const result = await probeAdapter({ ...process.env, VK_DRIVER_FILES: '/nonexistent.json' })
    expect(result).toEqual({
      adapter: null,
      failed: 'adapter',
      reason: expect.stringContaining('vkCreateInstance: Found no drivers!'),
    })
  })

  it('tells a probe that dies from one that finds nothing', async () => {
    const result = await probeAdapter({ ...process.env, NODE_OPTIONS: '--import=data:text/javascript,process.exit(7)' })
    expect(result).toEqual({ adapter: null, failed: 'compute', reason: 'the probe ended with code 7' })
  })
})
