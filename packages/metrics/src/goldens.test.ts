/**
 * Everything that scikit-learn (or scipy) computes too, on 200 seeded problems with every edge (goldens/make_goldens.py, which evaluates the
 * same formula). Equal to 1e-12, absolutely and relatively: |a − b| ≤ 1e-12 · max(1, |b|).
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type Average,
  accuracy,
  averageOneVsRest,
  averagePrecision,
  averageScore,
  averageScores,
  balancedAccuracy,
  brierScore,
  calibration,
  classCounts,
  classScores,
  cohenKappa,
  confusionMatrix,
  fBeta,
  fitTemperature,
  logLoss,
  matthews,
  mcnemar,
  oneVsRest,
  outcomes,
  precisionRecallCurve,
  rank,
  rocAuc,
  rocCurve,
  type Scores,
  topKAccuracy,
} from './index.ts'

type Value = number | null | 'Infinity' | '-Infinity'

interface Golden {
  counts: Value[]
  byClass: Value[][]
  averages: Value[][]
  undefinedLeftOut: Value[]
  fBeta: Value[]
  chosen: Value[][]
  topK: Value[]
  logLoss: Value
  brier: Value
  auc: Value[]
  aucAverages: Value[]
  aucMicro: Value
  ap: Value[]
  apAverages: Value[]
  temperature: Value[]
  ece: Value
  roc?: Value[][]
  precisionRecall?: Value[][]
}

const goldens: { problems: Golden[]; mcnemar: [number, number, number, number][] } = JSON.parse(
  readFileSync(new URL('../goldens/scikit-learn.json', import.meta.url), 'utf8'),
)

function scramble(x: number): number {
  let y = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  y = Math.imul(y ^ (y >>> 15), 0x846ca68b)
  return (y ^ (y >>> 16)) >>> 0
}

/** Problem `p`, as make_goldens.py draws it. */
function problem(p: number) {
  const base = scramble(p + 1)
  const draw = (position: number, below: number) => scramble((base + position) >>> 0) % below
  const kind = p % 10
  const classes = 2 + draw(0, 8)
  const n = 1 + draw(1, p % 7 === 0 ? 4 : 60)
  const labels: number[] = []
  const predicted: number[] = []
  const rows: number[] = []
  for (let i = 0; i < n; i++) {
    const at = 1000 * (i + 1)
    const label = kind === 7 ? 1 : draw(at, kind === 3 ? (classes + 1) >> 1 : classes)
    let guess = draw(at + 1, 10) < 6 ? label : draw(at + 2, classes)
    if (kind === 4) guess = 0
    if (kind === 5) guess = label
    if (kind === 6) guess = (label + 1) % classes
    const levels = kind === 9 ? 3 : 1000
    let weights = Array.from({ length: classes }, (_, k) => 1 + draw(at + 10 + k, levels))
    if (kind === 8) {
      const sure = draw(at + 3, 2) ? label : draw(at + 4, classes)
      weights = weights.map((_, k) => (k === sure ? 1 : 0))
    } else if (draw(at + 5, 3)) weights[label]! += levels
    const sum = weights.reduce((a, b) => a + b, 0)
    labels.push(label)
    predicted.push(guess)
    rows.push(...weights.map((weight) => weight / sum))
  }
  return { labels, predicted, classes, rows }
}

const averages: Average[] = ['micro', 'macro', 'weighted']
const list = ({ precision, recall, f1 }: Scores) => [precision, recall, f1]
const columns = (scores: Scores[]) => [
  scores.map(({ precision }) => precision),
  scores.map(({ recall }) => recall),
  scores.map(({ f1 }) => f1),
]

/** What this package makes of problem `p`, under the names of the goldens. */
function computed(p: number, golden: Golden): Record<string, unknown> {
  const { labels, predicted, classes, rows } = problem(p)
  const confusion = confusionMatrix(labels, predicted, classes)
  const counts = classCounts(confusion)
  const odd = counts.map((_, k) => k).filter((k) => k % 2 === 1)
  const chosen = classCounts(confusion, odd)
  const seen = outcomes(labels, rows, { classes, ties: 'last' })
  const undefinedLeftOut = (key: keyof Scores) =>
    (['macro', 'weighted'] as const).map((a) => averageScores(counts, a, { zeroDivision: Number.NaN })[key])
  const first = rank(
    labels.map((label) => label === 0),
    labels.map((_, i) => rows[i * classes] as number),
  )
  const roc = rocCurve(first)
  const pr = precisionRecallCurve(first)
  return {
    counts: [
      accuracy(confusion),
      cohenKappa(confusion),
      cohenKappa(confusion, 'linear'),
      cohenKappa(confusion, 'quadratic'),
      matthews(confusion),
      balancedAccuracy(confusion),
      balancedAccuracy(confusion, { adjusted: true }),
    ],
    byClass: columns(counts.map((count) => classScores(count))),
    averages: [0, 1].flatMap((zeroDivision) => averages.map((a) => list(averageScores(counts, a, { zeroDivision })))),
    undefinedLeftOut: [...undefinedLeftOut('precision'), ...undefinedLeftOut('recall'), ...undefinedLeftOut('f1')],
    fBeta: [0.5, 2].flatMap((beta) => averages.map((a) => averageScore(counts, a, (count) => fBeta(count, beta)))),
    chosen: averages.map((a) => list(averageScores(chosen, a))),
    topK: golden.topK.map((_, k) => topKAccuracy(seen, k + 1)),
    logLoss: logLoss(labels, rows, { classes }),
    brier: brierScore(labels, rows, { classes }),
    auc: oneVsRest(labels, rows, classes, rocAuc),
    aucAverages:
      golden.aucAverages.length === 0
        ? []
        : (['macro', 'weighted'] as const).map((a) => averageOneVsRest(labels, rows, classes, rocAuc, a)),
    aucMicro: averageOneVsRest(labels, rows, classes, rocAuc, 'micro'),
    ap: oneVsRest(labels, rows, classes, averagePrecision),
    apAverages: averages.map((a) => averageOneVsRest(labels, rows, classes, averagePrecision, a)),
    temperature: golden.temperature.length === 0 ? [] : likelihoods(labels, rows, classes),
    ece: calibration(seen).ece,
    roc: [roc.falsePositiveRate, roc.truePositiveRate],
    precisionRecall: [pr.precision, pr.recall, pr.thresholds.slice(1)],
  }
}

/** Of logits 3·ln p, as they are and at the best temperature. */
function likelihoods(labels: number[], rows: number[], classes: number): number[] {
  const { before, after } = fitTemperature(
    labels,
    rows.map((p) => 3 * Math.log(p)),
    { classes },
  )
  return [before, after]
}

/** Holds numbers against a golden of the same shape. */
function expectEqual(actual: unknown, golden: unknown, where: string): void {
  if (Array.isArray(golden)) {
    const values = Array.from(actual as ArrayLike<unknown>)
    expect(values.length, `${where}: length`).toBe(golden.length)
    golden.forEach((value, i) => {
      expectEqual(values[i], value, `${where}[${i}]`)
    })
    return
  }
  const expected = golden === null ? Number.NaN : Number(golden)
  const value = actual as number
  const equal = Object.is(value, expected) || Math.abs(value - expected) <= 1e-12 * Math.max(1, Math.abs(expected))
  expect(equal, `${where} is ${value}, scikit-learn's ${expected}`).toBe(true)
}

describe('scikit-learn on 200 seeded problems', () => {
  const names = [...new Set(goldens.problems.flatMap((golden) => Object.keys(golden)))] as (keyof Golden)[]

  test('are all there', () => {
    expect(goldens.problems).toHaveLength(200)
    expect(names).toEqual(Object.keys(computed(0, goldens.problems[0]!)))
  })

  test.each(names)('gives the same %s', (name) => {
    let compared = 0
    goldens.problems.forEach((golden, p) => {
      const value = golden[name]
      if (value === undefined) return
      expectEqual(computed(p, golden)[name], value, `problem ${p}: ${name}`)
      compared++
    })
    expect(compared).toBeGreaterThanOrEqual(40)
  })
})

test.each(goldens.mcnemar)('McNemar of %i and %i has the p values of scipy', (b, c, exact, approximate) => {
  const disagreement = { onlyFirst: b, onlySecond: c }
  for (const [method, expected] of [
    ['exact', exact],
    ['chi-squared', approximate],
  ] as const) {
    // Relative: p values may be very small.
    expect(mcnemar(disagreement, method).pValue / expected).toBeCloseTo(1, 11)
  }
})
