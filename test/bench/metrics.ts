/**
 * What metrics cost: a million predictions of a thousand classes, each case in a process of its own, so that its peak memory is its
 * own. Time is of the metrics alone, without making the inputs; memory is the peak of the whole process, some 60 MB of it Node.
 *
 *   npm run bench:metrics -w test -- [case]
 */
import { spawnSync } from 'node:child_process'
import {
  accuracy,
  argmax,
  averageScores,
  balancedAccuracy,
  bootstrapConfusion,
  bootstrapCounts,
  type ClassCounts,
  ConfusionAccumulator,
  type ConfusionMatrix,
  classCounts,
  classScores,
  cohenKappa,
  EvaluationAccumulator,
  LossKeeper,
  matthews,
  mostConfused,
  OutcomeAccumulator,
  outcomes,
  ReportAccumulator,
  rank,
  rocAuc,
  rocAucError,
  ScoreHistogram,
  softmax,
} from '@sporeprint/metrics'

const n = 1_000_000
const classes = 1000
const batch = 1000

/** Elapsed, and of the processor: they differ where the machine has other work. */
const seconds = { wall: 0, cpu: 0 }
/** Runs the metrics' own part and adds its time. */
function timed<T>(work: () => T): T {
  const start = performance.now()
  const cpu = process.cpuUsage()
  const result = work()
  seconds.wall += (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  seconds.cpu += (user + system) / 1e6
  return result
}

function scramble(x: number): number {
  let y = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  y = Math.imul(y ^ (y >>> 15), 0x846ca68b)
  return (y ^ (y >>> 16)) >>> 0
}

/** Labels of batch `b`, and predictions that are right for four of five. */
function predictions(b: number, of = classes): { labels: Uint32Array; predicted: Uint32Array } {
  const labels = Uint32Array.from({ length: batch }, (_, i) => scramble(b * batch + i) % of)
  const predicted = labels.map((label, i) => {
    const draw = scramble(~(b * batch + i))
    return draw % 5 === 0 ? (draw >>> 3) % of : label
  })
  return { labels, predicted }
}

/** Logits [batch, classes]: one noisy table for all batches, so that making them does not take longer than measuring. */
function logitRows(): Float32Array {
  return Float32Array.from(
    { length: batch * classes },
    (_, i) => (scramble(i) / 2 ** 32) * 8 + (scramble(~i) / 2 ** 32) * 8,
  )
}

function fill(of: number): ConfusionMatrix {
  const accumulator = new ConfusionAccumulator(of)
  for (let b = 0; b < n / batch; b++) {
    const { labels, predicted } = predictions(b, of)
    timed(() => accumulator.add(labels, predicted))
  }
  return timed(() => accumulator.confusion())
}

const f1Macro = (confusion: ConfusionMatrix) => averageScores(classCounts(confusion), 'macro').f1
const f1MacroOf = (counts: readonly ClassCounts[]) => averageScores(counts, 'macro').f1
const f1WeightedOf = (counts: readonly ClassCounts[]) => averageScores(counts, 'weighted').f1

const cases: Record<string, () => string> = {
  'predicted labels: confusion and every score of counts'() {
    const confusion = fill(classes)
    return timed(() => {
      const counts = classCounts(confusion)
      const byClass = counts.map((count) => classScores(count))
      const averages = (['micro', 'macro', 'weighted'] as const).map((average) => averageScores(counts, average).f1)
      const whole = [accuracy(confusion), cohenKappa(confusion), matthews(confusion), balancedAccuracy(confusion)]
      return `${byClass.length} classes, F1 ${averages.map((f) => f.toFixed(4))}, ${whole.map((x) => x.toFixed(4))}, ${mostConfused(confusion).length} kinds of mistakes`
    })
  },

  'rows of probabilities: top-k, log loss, Brier, calibration, confusion, worst losses'() {
    const rows = Float32Array.from(softmax(logitRows(), classes))
    return streamRows(rows, 'probabilities')
  },

  'rows of logits: the same'() {
    const rows = logitRows()
    return streamRows(rows, 'logits')
  },

  'rows of logits: ReportAccumulator'() {
    const rows = logitRows()
    const report = new ReportAccumulator({ classes: Array.from({ length: classes }, (_, k) => `${k}`) })
    for (let b = 0; b < n / batch; b++) {
      const { labels } = predictions(b)
      timed(() => report.add(labels, rows))
    }
    return timed(() => `loss ${report.report().loss.toFixed(4)}`)
  },

  'rows of logits, 9 classes: EvaluationAccumulator, everything with intervals'() {
    const few = 9
    const rows = logitRows().subarray(0, batch * few)
    const accumulator = new EvaluationAccumulator({
      classes: Array.from({ length: few }, (_, k) => `${k}`),
      cuts: [{ by: 'half', keys: ['first', 'second'] }],
    })
    const notes = Array.from({ length: batch }, (_, i) => ({ path: `${i}.jpg`, parts: [i % 2] }))
    for (let b = 0; b < n / batch; b++) {
      const { labels } = predictions(b, few)
      timed(() => accumulator.add(labels, rows, notes))
    }
    return timed(() => {
      const { scores, temperature } = accumulator.evaluation()
      return `accuracy ${scores.accuracy.low.toFixed(4)} to ${scores.accuracy.high.toFixed(4)}, T ${temperature?.toFixed(2)}`
    })
  },

  'rows of probabilities: ScoreHistogram, ROC of each class against the rest'() {
    const rows = Float32Array.from(softmax(logitRows(), classes))
    const histogram = new ScoreHistogram(classes)
    for (let b = 0; b < n / batch; b++) {
      const { labels } = predictions(b)
      timed(() => histogram.add(labels, rows))
    }
    return timed(() => {
      let area = 0
      let error = 0
      for (let k = 0; k < classes; k++) {
        const ranked = histogram.ranked(k)
        area += rocAuc(ranked) / classes
        error = Math.max(error, rocAucError(ranked))
      }
      return `macro AUC ${area.toFixed(4)}, each to ${error.toFixed(4)}`
    })
  },

  'a million scores of one class: exact ROC'() {
    const positive = Uint8Array.from({ length: n }, (_, i) => scramble(i) & 1)
    const scores = Float64Array.from({ length: n }, (_, i) => scramble(~i) / 2 ** 32 + 0.3 * (positive[i] as number))
    return timed(() => `AUC ${rocAuc(rank(positive, scores)).toFixed(4)}`)
  },

  'intervals, 9 classes: 1000 replicates of accuracy and macro F1'() {
    const confusion = fill(9)
    seconds.wall = seconds.cpu = 0
    const intervals = timed(() => bootstrapConfusion(confusion, { accuracy, f1Macro }))
    return `macro F1 ${intervals.f1Macro.low.toFixed(4)} to ${intervals.f1Macro.high.toFixed(4)}`
  },

  'intervals, 1000 classes: 1000 replicates of accuracy and macro F1'() {
    const confusion = fill(classes)
    seconds.wall = seconds.cpu = 0
    const intervals = timed(() => bootstrapConfusion(confusion, { accuracy, f1Macro }))
    return `macro F1 ${intervals.f1Macro.low.toFixed(4)} to ${intervals.f1Macro.high.toFixed(4)}`
  },

  'intervals, 1000 classes, by counts: 1000 replicates of weighted and macro F1'() {
    const confusion = fill(classes)
    seconds.wall = seconds.cpu = 0
    const intervals = timed(() => bootstrapCounts(confusion, { f1WeightedOf, f1MacroOf }))
    return `macro F1 ${intervals.f1MacroOf.low.toFixed(4)} to ${intervals.f1MacroOf.high.toFixed(4)}`
  },
}

/** A model that is right for four of five. */
function streamRows(rows: Float32Array, from: 'probabilities' | 'logits'): string {
  const tops = Uint32Array.from({ length: batch }, (_, i) => argmax(rows, i * classes, classes))
  const summary = new OutcomeAccumulator({ classes })
  const confusion = new ConfusionAccumulator(classes)
  const worst = new LossKeeper(16)
  for (let b = 0; b < n / batch; b++) {
    const labels = tops.map((top, i) => (scramble(b * batch + i) % 5 === 0 ? scramble(i + b) % classes : top))
    timed(() => {
      const seen = outcomes(labels, rows, { classes, from })
      summary.add(seen)
      confusion.add(labels, seen.predicted)
      for (let i = 0; i < batch; i++) worst.add(seen.loss[i] as number, b * batch + i)
    })
  }
  return timed(() => {
    const { logLoss, brier, topK, calibration } = summary.summary()
    const numbers = {
      logLoss,
      brier,
      top5: topK[4] as number,
      ece: calibration.ece,
      f1: f1Macro(confusion.confusion()),
    }
    return Object.entries(numbers)
      .map(([name, value]) => `${name} ${value.toFixed(4)}`)
      .join(', ')
  })
}

const [, file = '', chosen] = process.argv
if (chosen !== undefined && chosen in cases) {
  const result = (cases[chosen] as () => string)()
  const megabytes = process.resourceUsage().maxRSS / 1024
  const [wall, cpu] = [seconds.wall, seconds.cpu].map((s) => s.toFixed(2).padStart(6))
  console.log(`${wall} s  ${cpu} s CPU  ${megabytes.toFixed(0).padStart(4)} MB  ${chosen} (${result})`)
} else {
  for (const name of Object.keys(cases)) {
    if (chosen && !name.includes(chosen)) continue
    spawnSync(process.execPath, [...process.execArgv, file, name], { stdio: 'inherit' })
  }
}
