import type { DatabaseReport } from './database.ts'
import type { Diagnosis, Problem } from './diagnose.ts'
import type { AdapterReport } from './probe.ts'

/** Features that kernels have variants for; the others say nothing about training. */
const USED = ['subgroups', 'shader-f16', 'timestamp-query', 'chromium-experimental-subgroup-matrix']

/** A diagnosis as lines for a terminal: what was found, then what is wrong and the commands that mend it. */
export function formatDiagnosis({ adapter, system, node, database, disk, problems }: Diagnosis): string {
  const found: [string, string][] = [
    ...describeAdapter(adapter),
    ['System', system],
    ['Node', node.version],
    ['Database', describeDatabase(database)],
    ['Disk', `${gigabytes(disk.freeBytes)} free of ${gigabytes(disk.totalBytes)} (${disk.folder})`],
  ]
  const width = Math.max(...found.map(([name]) => name.length)) + 2
  const lines = found.map(([name, value]) => name.padEnd(width) + value)
  return [
    ...lines,
    '',
    ...(problems.length > 0 ? problems.flatMap(describeProblem) : ['Everything is in order.']),
  ].join('\n')
}

function describeAdapter(adapter: AdapterReport | null): [string, string][] {
  if (!adapter) return [['Adapter', 'none']]
  const { name, vendor, software, features, limits } = adapter
  const limit = (key: string, unit: string, scale = 1) => `${((limits[key] ?? 0) / scale).toFixed(0)} ${unit}`
  return [
    ['Adapter', `${name} (${vendor}${software ? ', software: slow' : ''})`],
    ['Features', USED.filter((feature) => features.includes(feature)).join(', ') || 'none that kernels use'],
    [
      'Limits',
      [
        limit('maxStorageBufferBindingSize', 'MiB a binding', 2 ** 20),
        limit('maxBufferSize', 'MiB a buffer', 2 ** 20),
        limit('maxComputeWorkgroupStorageSize', 'KiB workgroup memory', 2 ** 10),
        limit('maxComputeInvocationsPerWorkgroup', 'invocations a workgroup'),
      ].join(', '),
    ],
  ]
}

function describeDatabase(database: DatabaseReport): string {
  switch (database.state) {
    case 'absent':
      return `embedded, made at the first start (${database.folder})`
    case 'free':
      return `embedded, not in use (${database.folder})`
    case 'in use':
      return `embedded, in use by ${database.by} (${database.folder})`
    case 'reachable':
      return `PostgreSQL ${database.version} (${database.url})`
    case 'unreachable':
      return `PostgreSQL, not reachable (${database.url})`
  }
}

function describeProblem({ severity, message, mend }: Problem): string[] {
  return [
    `${severity === 'error' ? 'Error' : 'Warning'}: ${message}`,
    'To mend it:',
    ...mend.map((line) => `  ${line}`),
  ]
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
