/** How sure a model is allowed to be: what is to be said of it, and of an evaluation that went by it. */
import type { Checkpoint, RunStatus } from './documents.types.ts'
import type { Evaluation } from './evaluation-store.ts'
import { formatCountOf, formatNumber } from './format.ts'

/** Whether a run's best weights are calibrated, and if not, why. `evaluating`: its evaluation is under way, which begins with that. */
export function describeCalibration(
  { calibration, uncalibrated }: Pick<Checkpoint, 'calibration' | 'uncalibrated'>,
  status: RunStatus,
  evaluating: boolean,
): string {
  if (calibration) {
    const { images, temperature, before, after } = calibration
    return `Calibrated on ${formatCountOf(images, 'image')}: temperature ${formatNumber(temperature, 2)} takes their loss from ${formatNumber(before)} to ${formatNumber(after)}`
  }
  if (uncalibrated !== null) return `Could not be calibrated: ${uncalibrated}`
  if (status !== 'SUCCEEDED')
    return 'Not calibrated: that is done once the run has succeeded, as its weights may change until then'
  return evaluating
    ? 'Not calibrated yet: its evaluation begins with that'
    : 'Not calibrated: evaluate the run to have it done'
}

/** By what an evaluation's logits were divided, and on how many images that was found, as long as the model still has that calibration. */
export function calibratedBy(
  { calibratedBy: temperature }: Pick<Evaluation, 'calibratedBy'>,
  model: Pick<Checkpoint, 'calibration'> | null,
): string | null {
  if (temperature === null) return null
  const calibration = model?.calibration
  const images = calibration?.temperature === temperature ? `, from ${formatCountOf(calibration.images, 'image')}` : ''
  return `temperature ${formatNumber(temperature, 2)}${images}`
}
