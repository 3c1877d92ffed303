import { expect, test } from 'vitest'
import { calibratedBy, describeCalibration } from './calibration.ts'

const calibration = { images: 24, temperature: 1.253, before: 0.6, after: 0.5 }
const without = { calibration: null, uncalibrated: null }

test('a model that is calibrated says on what, and one that is not says why', () => {
  expect(describeCalibration({ calibration, uncalibrated: null }, 'SUCCEEDED', false)).toBe(
    'Calibrated on 24 images: temperature 1.25 takes their loss from 0.6000 to 0.5000',
  )
  const few = { calibration: null, uncalibrated: '2 readable images are too few' }
  expect(describeCalibration(few, 'SUCCEEDED', false)).toBe('Could not be calibrated: 2 readable images are too few')
  expect(describeCalibration(without, 'STOPPED', false)).toContain('once the run has succeeded')
  expect(describeCalibration(without, 'SUCCEEDED', true)).toContain('its evaluation begins with that')
  expect(describeCalibration(without, 'SUCCEEDED', false)).toContain('evaluate the run')
})

test('an evaluation says by what it was calibrated, and on what only while the model still has that calibration', () => {
  expect(calibratedBy({ calibratedBy: null }, { calibration })).toBeNull()
  expect(calibratedBy({ calibratedBy: 1.253 }, { calibration })).toBe('temperature 1.25, from 24 images')
  expect(calibratedBy({ calibratedBy: 2 }, { calibration })).toBe('temperature 2.00')
  expect(calibratedBy({ calibratedBy: 2 }, null)).toBe('temperature 2.00')
})
