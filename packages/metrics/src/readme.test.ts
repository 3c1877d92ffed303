/** The README's examples are run as they stand, and every `// →` in them is held to what its line gives. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { expect, test } from 'vitest'
import * as metrics from './index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const script = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n')

test('the README’s examples give what they say', () => {
  const names = [...script.matchAll(/import \{([^}]*)\} from '@sporeprint\/metrics'/g)]
    .flatMap(([, list]) => (list as string).split(','))
    .map((name) => name.trim())
  for (const name of names) expect(Object.keys(metrics)).toContain(name)
  // Each `expression // → value` becomes hold(expression, value).
  const lines = script
    .split('\n')
    .filter((line) => !line.startsWith('import '))
    .map((line) => line.replace(/^(.*) \/\/ → (.*)$/, (_, expression, value) => `hold(${expression}, ${value})`))
  let held = 0
  const hold = (actual: unknown, expected: unknown): void => {
    expect(rounded(actual)).toEqual(rounded(expected))
    held++
  }
  const exported: Record<string, unknown> = { ...metrics }
  const body = stripTypeScriptTypes(lines.join('\n'))
  new Function('hold', ...names, body)(hold, ...names.map((name) => exported[name]))
  expect(held).toBe(script.split('// →').length - 1)
  expect(held).toBeGreaterThan(30)
})

test('the README tells of every function and class of the package', () => {
  const untold = Object.keys(metrics).filter((name) => !readme.includes(`\`${name}\``) && !script.includes(name))
  // What the others are made of.
  expect(untold).toEqual(['argmax', 'logSumExp'])
})

/** Numbers to 12 digits, typed arrays as lists. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1e12) / 1e12
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, rounded)
  if (Array.isArray(value)) return value.map(rounded)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, rounded(entry)]))
  }
  return value
}
