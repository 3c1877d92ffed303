import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeRecipe } from '../doctor/recipe.ts'
import { runCli } from '../testing/cli.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-bench-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Shapes that other tests compile too. */
const tiny = ['--arch', 'resnet18', '--size', '32']

describe('bench', () => {
  test('train leaves one JSON document, the table by kernel beside it, and a trace of every dispatch', async () => {
    const command = ['bench', 'train', ...tiny, '--batch', '8', '--steps', '2', '--trace', 'step.json', '--json']
    const { code, stdout, stderr } = await runCli(command, { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      adapter: { name: expect.any(String), software: expect.any(Boolean), features: expect.any(Array) },
      arch: 'resnet18',
      size: 32,
      batch: 8,
      steps: 2,
      imagesPerSecond: expect.any(Number),
      stepMs: { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) },
      gflops: expect.any(Number),
      peakBytes: expect.any(Number),
      compileMs: expect.any(Number),
    })
    expect(stderr).toContain('images/s')
    if (result.kernels === null) {
      expect(stderr).toContain('has no timestamp-query')
      return
    }
    expect(stderr).toMatch(/^\| Kernel +\| Dispatches +\|.*\n\|-+\|/m)
    for (const { name } of result.kernels) expect(stderr).toContain(`| ${name} `)
    const { traceEvents } = JSON.parse(await readFile(join(folder, 'step.json'), 'utf8'))
    const slices = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')
    expect(slices).toHaveLength(result.dispatches)
    for (const slice of slices) {
      expect(slice).toMatchObject({
        ts: expect.any(Number),
        dur: expect.any(Number),
        args: { flops: expect.any(Number) },
      })
    }
  })

  test("infer prints the notebook's table for every adapter", async () => {
    const { code, stdout, stderr } = await runCli(['bench', 'infer', ...tiny, '--images', '1,3'], { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const tables = stdout
      .trim()
      .split(/^resnet18, 32 px.*$/m)
      .slice(1)
    expect(tables.length).toBeGreaterThan(0)
    const devices = tables.map((table) => {
      const [heading, rule, ...rows] = table.trim().split('\n')
      expect(heading?.split('|').map((cell) => cell.trim())).toEqual([
        '',
        'Device',
        'Sample Size',
        'Total Time (s)',
        'Inference Time (s)',
        'Peak Memory Usage (MB)',
        'Per Image (ms)',
        'Loading (s)',
        'Warm-Up (s)',
        'Process Peak (MB)',
        '',
      ])
      expect(rule).toMatch(/^[|-]+$/)
      expect(rows.map((row) => row.split('|')[2]?.trim())).toEqual(['1', '3'])
      for (const row of rows) {
        const numbers = row.split('|').slice(2, -1).map(Number)
        const [images = 0, total = 0, inference = 0, peak = 0, perImage = 0, loading = 0, , processPeak = 0] = numbers
        expect(perImage).toBeCloseTo((1000 * inference) / images, 1)
        expect(total).toBeGreaterThan(inference)
        expect(total).toBeGreaterThan(loading)
        expect(processPeak).toBeGreaterThan(peak)
      }
      return rows[0]?.split('|')[1]?.trim()
    })
    expect(new Set(devices).size).toBe(devices.length)
  })

  test('infer times only the adapter that is asked for, and knows which there are', async () => {
    const none = await runCli(['bench', 'infer', '--adapter', 'abacus'], { cwd: folder })
    expect(none).toMatchObject({ code: 2, stdout: '' })
    const [, first = ''] = /there is none among ([^,(]+)/.exec(none.stderr) ?? []
    const args = ['bench', 'infer', ...tiny, '--images', '1', '--adapter', first.trim().toUpperCase(), '--json']
    const { code, stdout } = await runCli(args, { cwd: folder })
    expect(code).toBe(0)
    const { results, failed } = JSON.parse(stdout)
    expect(failed).toEqual([])
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ arch: 'resnet18', size: 32, samples: [{ images: 1, batch: 1, capped: null }] })
  })

  test('explain tells the time of an explanation by its parts, what masking takes and what is written', async () => {
    const command = ['bench', 'explain', ...tiny, '--batch', '8', '--samples', '24', '--runs', '2', '--json']
    const { code, stdout, stderr } = await runCli(command, { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const result = JSON.parse(stdout)
    const { seconds, segmentSeconds, classifySeconds, fitSeconds, superpixels } = result
    expect(result).toMatchObject({ arch: 'resnet18', size: 32, samples: 24, batch: 8, runs: 2 })
    for (const part of [segmentSeconds, classifySeconds, fitSeconds]) expect(part).toBeGreaterThan(0)
    expect(classifySeconds).toBeLessThan(seconds)
    expect(superpixels).toBeGreaterThan(1)
    // Scenes are another one each time: picture, hidden and labels; then a word a sample and one for each batch.
    expect(result.uploadedBytes).toBe(12 * 32 * 32 + 4 * (24 * Math.ceil(superpixels / 32) + 3))
    expect(stderr).toContain('LIME, 24 samples, resnet18 at 32 px')
    if (result.maskShare !== null) expect(result.maskShare).toBeLessThan(1)
  })

  test.skipIf(process.platform !== 'linux')(
    'starts once more where the driver is found through a kept LD_LIBRARY_PATH, which this process came too late for',
    async () => {
      // The proof is in the failure: only a process that began with this path meets a Vulkan loader that is none.
      const drivers = join(folder, 'drivers')
      await mkdir(drivers)
      await writeFile(join(drivers, 'libvulkan.so.1'), 'not a library')
      const { XDG_CACHE_HOME } = process.env
      process.env.XDG_CACHE_HOME = folder
      writeRecipe({ LD_LIBRARY_PATH: drivers })
      if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME
      else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
      const env = { XDG_CACHE_HOME: folder, LD_LIBRARY_PATH: '' }
      const { code, stdout, stderr } = await runCli(['bench', 'infer', ...tiny, '--images', '1'], { cwd: folder, env })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr.match(/sporeprint: .*/g)).toEqual([expect.stringContaining('WebGPU finds no adapter')])
    },
  )

  test('refuses wrong usage in one line, with exit code 2', async () => {
    const refused: [string[], string][] = [
      [['train', '--batch', '0'], 'It must be a whole number from 1 to 4096.'],
      [['train', '--arch', 'vgg16'], 'Allowed choices are resnet18, resnet34, resnet50.'],
      [['tune', '--precision', 'f64'], 'Allowed choices are f32, mixed.'],
      [['infer', '--arch', 'resnet18,vgg'], 'It must be some of resnet18, resnet34, resnet50 with commas between.'],
      [['infer', '--images', '1,x'], 'It must be whole numbers from 1 to 100000 with commas between.'],
      [['kernels', '--size', '31'], 'It must be a whole number from 32 to 1024.'],
      [['tune', '--rounds', '0'], 'It must be a whole number from 1 to 1000.'],
      [['paint'], "unknown command 'paint'"],
    ]
    for (const [args, message] of refused) {
      const { code, stdout, stderr } = await runCli(['bench', ...args], { cwd: folder })
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).toMatch(/^sporeprint: [^\n]+\n$/)
      expect(stderr).toContain(message)
    }
  })
})
