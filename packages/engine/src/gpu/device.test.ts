/** A device in trouble says so by a typed error that names the kernel at fault, at the next check. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compile, createArena, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import { Graph } from '../graph/graph.ts'
import { relu } from '../kernels/elementwise.ts'
import type { Device } from './device.ts'
import { listAdapters, openNodeDevice } from './node.ts'

let device: Device
beforeEach(async () => {
  device = await openNodeDevice({ validation: true })
})
afterEach(() => device.destroy())

/** A program of one ReLU from x to y, or onto itself, which WebGPU forbids. */
async function reluProgram(ontoItself: boolean) {
  const graph = new Graph()
  const x = graph.io('x', [64])
  const y = ontoItself ? x : graph.io('y', [64])
  graph.add({ op: 'relu', inputs: [x], outputs: [y], lower: (l) => l.emit(relu(64), x, y) })
  const compiled = compile(device, 'step', graph)
  const store = new ParameterStore(device, 64, 64)
  return { program: await Program.record(device, compiled, store, await createArena(device, [compiled])), y }
}

test('a step that breaks a rule is GPU_VALIDATION with its kernel, from the next read and every later one', async () => {
  const { program, y } = await reluProgram(true)
  program.run([y])
  await expect(program.read(y)).rejects.toMatchObject({
    code: 'GPU_VALIDATION',
    message: expect.stringContaining('BindGroup "relu"'),
  })
  await expect(program.read(y)).rejects.toMatchObject({ code: 'GPU_VALIDATION' })
})

test('a kernel that does not compile is GPU_VALIDATION with its name and the line', async () => {
  const wgsl = '@compute @workgroup_size(1)\nfn main() { nothing(); }'
  await expect(device.pipelines.get('conv2d.wrong', wgsl, 0)).rejects.toMatchObject({
    code: 'GPU_VALIDATION',
    message: expect.stringMatching(/kernel conv2d\.wrong does not compile: line 2: .*nothing/),
  })
})

test('a device that is gone is DEVICE_LOST from the read that waits for it', async () => {
  const { program, y } = await reluProgram(false)
  program.run([y])
  expect(new Float32Array(await program.read(y))).toHaveLength(64)
  program.run([y])
  device.gpu.destroy()
  await expect(program.read(y)).rejects.toMatchObject({
    code: 'DEVICE_LOST',
    message: expect.stringContaining(device.adapter.name),
  })
})

test('each adapter that is listed can be opened by its name, and any other is NO_ADAPTER', async () => {
  const adapters = await listAdapters()
  expect(adapters.length).toBeGreaterThan(0)
  expect(new Set(adapters).size).toBe(adapters.length)
  const opened = await openNodeDevice({ adapter: adapters[0] })
  expect(opened.adapter.name).not.toBe('')
  await opened.destroy()
  await expect(openNodeDevice({ adapter: 'abacus' })).rejects.toMatchObject({
    code: 'NO_ADAPTER',
    message: expect.stringContaining('there is no adapter abacus here'),
  })
})
