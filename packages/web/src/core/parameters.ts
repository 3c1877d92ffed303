/** Parameters of trials as the console writes and places them. */
import type { StudyState, TrialCore } from './documents.types.ts'

export type TrialParameter = TrialCore['parameters'][number]
export type SpaceParameter = StudyState['space'][number]
type Value = Pick<TrialParameter, 'number' | 'text' | 'flag'>

/** 0.00213, sgd, true, none. */
export function formatValue({ number, text, flag }: Value): string {
  if (number !== null) return formatParameter(number)
  return text ?? (flag === null ? 'none' : String(flag))
}

/** Three digits; powers of ten where the number is very small. */
export function formatParameter(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 1e-3 ? String(Number(value.toPrecision(3))) : value.toExponential(1).replace('.0e', 'e')
}

/** A parameter in words: 0.0001 to 0.03, by its logarithm. */
export function formatRange(parameter: SpaceParameter): string {
  const { kind, low, high, log, step, choices } = parameter
  if (kind === 'categorical') return (choices ?? []).map(formatValue).join(', ')
  const range = `${formatParameter(low ?? 0)} to ${formatParameter(high ?? 0)}`
  return `${range}${log ? ', logarithmic' : ''}${step === null ? '' : `, by ${formatParameter(step)}`}`
}

/** Where a value lies on its parameter's axis, from 0 to 1; null where the trial has none. */
export function placeOf(parameter: SpaceParameter, trial: Pick<TrialCore, 'parameters'>): number | null {
  const value = trial.parameters.find(({ name }) => name === parameter.name)
  if (!value) return null
  const { kind, low, high, log, choices } = parameter
  if (kind === 'categorical') {
    const all = choices ?? []
    const index = all.findIndex((choice) => formatValue(choice) === formatValue(value))
    return all.length < 2 ? 0.5 : index / (all.length - 1)
  }
  if (value.number === null || low === null || high === null) return null
  return share(value.number, low, high, log ?? false)
}

/** Of a range, in its logarithm where it is searched so. */
export function share(value: number, low: number, high: number, log: boolean): number {
  if (low === high) return 0.5
  const at = (x: number): number => (log ? Math.log(x) : x)
  return Math.min(1, Math.max(0, (at(value) - at(low)) / (at(high) - at(low))))
}
