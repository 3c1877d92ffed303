/** Medians, ratios, and whether everybody computed the same. */
import { imagesOf, type Ready, type Turn, type Workload } from './contender.ts'

export interface Row {
  contender: string
  device: string
  parameters: number
  /** Median over all batches of all rounds. */
  msPerBatch: number
  imagesPerSecond: number
  /** Its time over Sporeprint's in the same round, the median of the rounds: above 1, Sporeprint is faster. */
  ratio: number
  /** Smallest and largest of the rounds' ratios. */
  ratios: [number, number]
  /** Largest difference of a logit or loss from Sporeprint's, over the largest of them. */
  difference: number
  submitMs: number | null
  compileMs: number | null
  firstResultMs: number
}

export interface Result {
  workload: Workload
  rounds: number
  rows: Row[]
  /** Contenders that were not there or failed, and why. */
  missing: Record<string, string>
}

export interface Measured {
  name: string
  ready: Ready
  turns: Turn[]
}

/** The largest difference at which two f32 implementations still compute the same network. */
export const tolerance = { train: 0.02, infer: 1e-3, lime: 1e-3 } as const

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** One row a contender; `ours` is the one that the ratios are taken to. */
export function rowsOf(workload: Workload, measured: readonly Measured[], ours: Measured): Row[] {
  return measured.map(({ name, ready, turns }) => {
    const ratios = turns.map((turn, round) => median(turn.ms) / median(ours.turns[round]?.ms ?? []))
    const msPerBatch = median(turns.flatMap((turn) => turn.ms))
    const submits = turns.flatMap((turn) => turn.submitMs)
    return {
      contender: name,
      device: ready.device,
      parameters: ready.parameters,
      msPerBatch,
      imagesPerSecond: (imagesOf(workload) * 1000) / msPerBatch,
      ratio: median(ratios),
      ratios: [Math.min(...ratios), Math.max(...ratios)],
      difference: difference(ready.values, ours.ready.values),
      submitMs: submits.length ? median(submits) : null,
      compileMs: ready.compileMs,
      firstResultMs: ready.firstResultMs,
    }
  })
}

function difference(values: readonly number[], expected: readonly number[]): number {
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY
  const scale = Math.max(...expected.map(Math.abs))
  const largest = Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))
  return Number.isNaN(largest) ? Number.POSITIVE_INFINITY : largest / scale
}

/** As a Markdown table. */
export function table({ workload, rounds, rows, missing }: Result): string {
  const head = `${workload.name} (${rounds} ${rounds === 1 ? 'round' : 'rounds'})`
  const lines = rows.map(
    (row) =>
      `| ${row.contender} | ${row.msPerBatch.toFixed(0)} | ${row.imagesPerSecond.toFixed(2)} | ${row.ratio.toFixed(2)} ` +
      `(${row.ratios.map((r) => r.toFixed(2)).join(' – ')}) | ${row.submitMs?.toFixed(1) ?? '–'} | ${row.difference.toExponential(0)} |`,
  )
  const columns =
    '| contender | ms a batch | images/s | its time ÷ ours | ms of JavaScript | differs by |\n|---|---|---|---|---|---|'
  const absent = Object.entries(missing).map(([name, why]) => `\n${name} took no part: ${why}`)
  return `${head}\n\n${columns}\n${lines.join('\n')}\n${absent.join('')}`
}
