import { describe, expect, test } from 'vitest'
import { classificationReport, MetricsInputError, ReportAccumulator } from './index.ts'

const classes = ['Agaricus', 'Amanita', 'Boletus']
/** One row for each label; the second Amanita is taken for a Boletus. */
const logits = new Float32Array([4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 4])
const labels = new Uint32Array([0, 1, 1, 2])

/** −log p of the right class in a row (4, 0, 0), and of a wrong one. */
const right = Math.log(Math.exp(4) + 2) - 4
const wrong = right + 4

describe('classificationReport', () => {
  test('holds loss, accuracy, the F1 averages, each class and the confusion matrix', () => {
    const report = classificationReport({ classes, labels, logits })
    expect(report.loss).toBeCloseTo((3 * right + wrong) / 4, 12)
    expect({ ...report, loss: 0 }).toEqual({
      n: 4,
      loss: 0,
      accuracy: 0.75,
      f1Weighted: (1 + 2 * (2 / 3) + 2 / 3) / 4,
      f1Micro: 0.75,
      f1Macro: (1 + 2 / 3 + 2 / 3) / 3,
      byClass: [
        { class: 'Agaricus', precision: 1, recall: 1, f1: 1, count: 1 },
        { class: 'Amanita', precision: 1, recall: 0.5, f1: 2 / 3, count: 2 },
        { class: 'Boletus', precision: 0.5, recall: 1, f1: 2 / 3, count: 1 },
      ],
      confusion: [
        [1, 0, 0],
        [0, 1, 1],
        [0, 0, 1],
      ],
    })
  })

  test('smooths the loss, and nothing else, with labelSmoothing', () => {
    const plain = classificationReport({ classes, labels, logits })
    const smoothed = classificationReport({ classes, labels, logits, labelSmoothing: 0.1 })
    const all = (right + 2 * wrong) / 3
    expect(smoothed.loss).toBeCloseTo(0.9 * plain.loss + 0.1 * all, 12)
    expect({ ...smoothed, loss: plain.loss }).toEqual(plain)
  })

  test('keeps a class that has no images, with scores of 0', () => {
    const report = classificationReport({ classes, labels: [0], logits: [1, 0, 0] })
    expect(report.byClass[2]).toEqual({ class: 'Boletus', precision: 0, recall: 0, f1: 0, count: 0 })
    expect(report.f1Macro).toBeCloseTo(1 / 3, 15)
    expect(report.f1Weighted).toBe(1)
  })

  test('of no images has NaN for loss and accuracy and 0 for the F1 averages', () => {
    const report = classificationReport({ classes, labels: [], logits: [] })
    expect(report).toMatchObject({
      n: 0,
      loss: Number.NaN,
      accuracy: Number.NaN,
      f1Macro: 0,
      f1Micro: 0,
      f1Weighted: 0,
    })
  })

  test('of logits that diverged to NaN has a NaN loss', () => {
    expect(classificationReport({ classes, labels: [0], logits: [Number.NaN, 0, 0] }).loss).toBeNaN()
  })
})

describe('ReportAccumulator', () => {
  test('reports on batches as on the whole', () => {
    const accumulator = new ReportAccumulator({ classes, labelSmoothing: 0.1 })
    accumulator.add(labels.subarray(0, 3), logits.subarray(0, 9)).add(labels.subarray(3), logits.subarray(9))
    expect(accumulator.report()).toEqual(classificationReport({ classes, labels, logits, labelSmoothing: 0.1 }))
  })

  test('adds nothing of a batch that it refuses', () => {
    const accumulator = new ReportAccumulator({ classes }).add([0], [1, 0, 0])
    expect(() => accumulator.add([0, 3], [1, 0, 0, 0, 0, 1])).toThrow(
      'labels[1] is 3: a label is an integer from 0 to 2',
    )
    expect(() => accumulator.add([0], [1, 0])).toThrow(MetricsInputError)
    expect(accumulator.report().n).toBe(1)
  })

  test('gives reports that later batches do not change', () => {
    const accumulator = new ReportAccumulator({ classes }).add([0], [1, 0, 0])
    const early = accumulator.report()
    accumulator.add([0], [0, 1, 0])
    expect(early.confusion[0]).toEqual([1, 0, 0])
  })

  test('needs a class', () => {
    expect(() => new ReportAccumulator({ classes: [] })).toThrow('classes is empty')
  })
})
