// npm test: brings in what is missing, then runs every test; arguments go to vitest (npm test -- --project engine).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from './setup/prepare.mjs'
import { node24, root, runForeground } from './setup/processes.mjs'

const results = mkdtempSync(join(tmpdir(), 'sporeprint-test-'))
try {
  const args = process.argv.slice(2)
  // Part of the tests may not need a browser, and a machine without root may not get one.
  const env = await (args.length === 0 ? prepare('adapter', 'console', 'browser', 'postgres') : prepare('adapter'))
  const report = join(results, 'results.json')
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json']
  const code = await runForeground(node24, [...vitest, `--outputFile.json=${report}`, ...args], env)
  const { passed, failed, skipped } = count(report)
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  process.exitCode = code || (failed > 0 ? 1 : 0)
} catch (error) {
  console.error(`npm test: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  rmSync(results, { recursive: true, force: true })
}

/**
 * Counts vitest's report. A file that fails before its first test counts as one failure, as does a run without a report.
 * @param {string} file
 */
function count(file) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults
  const tests = files.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status))
  const broken = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  const passed = tests.filter((status) => status === 'passed').length
  const failed = tests.filter((status) => status === 'failed').length + broken.length
  return { passed, failed, skipped: tests.length - passed - (failed - broken.length) }
}
