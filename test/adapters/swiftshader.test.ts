/**
 * The engine on a second software adapter: the kernels' own tests and a whole network against PyTorch, run once more in a
 * process in which Chromium's SwiftShader is the only Vulkan driver. It has subgroups of 4 lanes where lavapipe has 8, no f16,
 * and WebGPU's smallest workgroup limits.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folders = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/opt/google/chrome']
const folder = folders.find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')))
const noDriver = `no SwiftShader in ${folders.join(', ')}: install Chromium`

/** Read by the Vulkan loader when a process starts; nothing that adds or hides other drivers may stay. */
function onlySwiftShader(path: string): NodeJS.ProcessEnv {
  const { VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES, VK_LOADER_DRIVERS_SELECT, LD_LIBRARY_PATH = '', ...env } = process.env
  // Chromium's folder last: its Vulkan loader serves where the system has none.
  const libraries = [LD_LIBRARY_PATH, path].filter(Boolean).join(':')
  return { ...env, VK_DRIVER_FILES: join(path, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: libraries }
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Passed and failed tests of the files, by full name. */
async function runTests(files: readonly string[], pattern: string, env: NodeJS.ProcessEnv) {
  const dir = await mkdtemp(join(tmpdir(), 'sporeprint-adapter-'))
  const report = join(dir, 'report.json')
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'engine', '--project', 'test']
  const options = ['--reporter=json', `--outputFile=${report}`, '-t', pattern]
  try {
    const { output } = await run([...vitest, ...options, ...files], env)
    expect(existsSync(report), output).toBe(true)
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
      testResults: { name: string; status: string; message: string; assertionResults: Assertion[] }[]
    }
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
    return {
      // A file that cannot be loaded has no tests.
      broken: testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0),
      failed: tests.filter(({ status }) => status === 'failed'),
      passed: tests.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName.trim()),
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

interface Assertion {
  fullName: string
  status: string
  failureMessages: string[]
}

const openAdapter = `import { openNodeDevice } from '@sporeprint/engine/node'
  const device = await openNodeDevice()
  const { architecture, subgroupMinSize, subgroupMaxSize } = device.gpu.adapterInfo
  console.log(JSON.stringify({ architecture, lanes: [subgroupMinSize, subgroupMaxSize] }))
  await device.destroy()
  setTimeout(() => process.exit(0), 0)`

/**
 * SwiftShader has no f16: what is stored in it says so in its name. It takes a second and more to compile a tile, so of each pass only three awkward convolutions run by tile; of the
 * networks one, with all its gradients.
 */
const chosen = [
  '^(?!tile (?!32 × 32.*(the stem|odd sides|a row and a vec4 over)))',
  '(?!resnet(34|50|.*concat))',
  '(?!three steps)',
  '(?!.*f16)',
].join('')

test('SwiftShader is what answers where its driver is the only one', async ({ skip }) => {
  if (!folder) return skip(noDriver)
  const script = ['--conditions=@sporeprint/source', '--input-type=module', '-e', openAdapter]
  const { output } = await run(script, onlySwiftShader(folder))
  expect(output).toContain(JSON.stringify({ architecture: 'swiftshader', lanes: [4, 4] }))
})

test('every kernel and a whole network with its gradients are right on SwiftShader', async ({ skip }) => {
  if (!folder) return skip(noDriver)
  const files = ['packages/engine/src/kernels/', 'test/adapters/lanes.test.ts', 'test/parity/torch.test.ts']
  const { broken, failed, passed } = await runTests(files, chosen, onlySwiftShader(folder))
  expect(broken).toEqual([])
  expect(failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`)).toEqual([])
  for (const name of [
    'direct: the forward pass',
    'resnet18 with a linear head',
    'a convolution and its gradients are',
  ]) {
    expect(passed.filter((test) => test.startsWith(name))).not.toEqual([])
  }
})
