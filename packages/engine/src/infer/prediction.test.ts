import { expect, test } from 'vitest'
import { calibrationMetadata, readCalibration } from '../weights/calibration.ts'
import { calibrationOf } from './calibrate.ts'
import { directionsOf, distancesTo } from './distance.ts'
import { checkPredictionOptions, predictionsOf } from './prediction.ts'

const classes = ['a', 'b', 'c']
const calibration = {
  images: 10,
  temperature: 2,
  before: 1,
  after: 0.5,
  distance95: 0.2,
  directions: Int8Array.from([127, 0, 0, 127, 0, 0]),
}
const said = { logits: [Math.log(6), Math.log(3), 0], features: Float32Array.from([1, 0]) }

test('a prediction has the probabilities of its logits, its top classes and its label', () => {
  const [prediction] = predictionsOf(classes, null, said, { top: 2 })
  expect(prediction).toMatchObject({ label: 'a', distance: null, outlier: null, logits: said.logits })
  for (const [i, p] of [0.6, 0.3, 0.1].entries()) {
    expect(prediction?.probabilities[classes[i] as string]).toBeCloseTo(p, 12)
  }
  expect(prediction?.top.map(({ class: name }) => name)).toEqual(['a', 'b'])
  expect(prediction?.confidence).toBe(prediction?.top[0]?.probability)
})

test('a calibration divides the logits, unless a temperature is given', () => {
  const probabilityOf = (options: object) => predictionsOf(classes, calibration, said, options)[0]?.confidence
  const sum = Math.sqrt(6) + Math.sqrt(3) + 1
  expect(probabilityOf({})).toBeCloseTo(Math.sqrt(6) / sum, 12)
  expect(probabilityOf({ temperature: 1 })).toBeCloseTo(0.6, 12)
})

test('a network that is less sure than asked abstains, and says what it would have said', () => {
  expect(predictionsOf(classes, null, said, { abstain: 0.61 })[0]).toMatchObject({
    label: null,
    top: [{ class: 'a' }, {}, {}],
  })
  expect(predictionsOf(classes, null, said, { abstain: 0.59 })[0]?.label).toBe('a')
})

test('an image is an outlier where its features point farther from every class than those of the calibration', () => {
  // Directions are x, y and none: [3, 4] is at the cosine .8 from y.
  const features = Float32Array.from([3, 4, 1, 1, 0, 0])
  const logits = [1, 0, 0, 1, 0, 0, 1, 0, 0]
  const found = predictionsOf(classes, calibration, { logits, features })
  expect(found[0]?.distance).toBeCloseTo(0.2, 6)
  expect(found[1]?.distance).toBeCloseTo(1 - Math.SQRT1_2, 6)
  expect(found.slice(1).map(({ outlier }) => outlier)).toEqual([true, true])
  expect(found[2]?.distance).toBe(1)
})

test('an image of a calibration is measured against the others of its class', () => {
  const features = Float32Array.from([1, 0, 1, 0, 0, 1, 0, 2])
  const { directions, distances } = directionsOf(features, [0, 0, 0, 1], 2)
  // The third is alone among its class and beside the other's only image; the fourth has only the first class to be near to.
  expect([...distances].map((d) => Math.round(d * 1e4) / 1e4)).toEqual([0.2929, 0.2929, 0, 0.5528])
  expect([...directions]).toEqual([127, 64, 0, 127])
  expect(distancesTo(directions, Float32Array.from([127, 64]), 2)[0]).toBeCloseTo(0, 12)
})

test('a calibration survives its file, and a damaged one is refused', () => {
  const labels = [0, 1, 2, 0, 1, 2]
  const logits = Float32Array.from(
    labels.flatMap((label, i) => [0, 1, 2].map((k) => (k === label ? 3 : i === 5 && k === 0 ? 9 : 0))),
  )
  const features = Float32Array.from(labels.flatMap((label) => [label === 0 ? 1 : 0.1, label === 1 ? 1 : 0.1]))
  const found = calibrationOf({ labels, logits, features }, 3)
  expect(found.temperature).toBeGreaterThan(1)
  expect(found.after).toBeLessThan(found.before)
  const shape = { classes: 3, features: 2 }
  expect(readCalibration(calibrationMetadata(found), 'm', shape)).toEqual(found)
  expect(readCalibration({}, 'm', shape)).toBeNull()
  const damaged = [{ calibration: '{}' }, { calibration: 'no' }, calibrationMetadata({ ...found, temperature: 0 })]
  for (const metadata of damaged)
    expect(() => readCalibration(metadata, 'm', shape)).toThrow(/^m is not a usable model: its calibration is damaged/)
  expect(() => readCalibration(calibrationMetadata(found), 'm', { ...shape, features: 3 })).toThrow('is damaged')
  expect(() => calibrationOf({ labels: [0], logits, features }, 3)).toThrow('1 readable images are too few')
})

test('options that cannot be are refused by name', () => {
  for (const [options, message] of [
    [{ temperature: 0 }, 'temperature must be above 0, not 0'],
    [{ abstain: 1.5 }, 'abstain must be a probability from 0 to 1, not 1.5'],
    [{ top: 0 }, 'top must be a whole number of at least 1, not 0'],
  ] as const) {
    expect(() => checkPredictionOptions(options)).toThrow(message)
  }
})
