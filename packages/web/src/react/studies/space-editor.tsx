/** The rows of a search space: which parameters, from where to where, and in which trials. */
import type { ReactElement } from 'react'
import {
  isNumeric,
  knownParameters,
  labelOf,
  listOf,
  possibleConditions,
  rowOf,
  type SpaceRow,
  without,
} from '../../core/start-study.ts'
import { CloseIcon } from '../icons.tsx'

interface SpaceEditorProps {
  space: readonly SpaceRow[]
  /** Whether ranges go by steps, as a grid needs. */
  stepped: boolean
  hint?: string | undefined
  /** By the parameter's name; '' of all. */
  problems: Readonly<Record<string, string>>
  onChange: (space: readonly SpaceRow[]) => void
}

export function SpaceEditor({ space, stepped, hint, problems, onChange }: SpaceEditorProps): ReactElement {
  const left = Object.keys(knownParameters).filter((name) => !space.some((row) => row.name === name))
  return (
    <fieldset className="field space">
      <legend>Search space</legend>
      {hint && <p className="hint">{hint}</p>}
      {space.map((row) => {
        const props: RowProps = {
          row,
          invalid: problems[row.name] !== undefined,
          onChange: (changes) => onChange(space.map((other) => (other === row ? { ...row, ...changes } : other))),
        }
        return (
          <div key={row.name} className="space-row" data-testid="space-row">
            <span className="space-name" title={row.name}>
              {labelOf(row.name)}
            </span>
            {isNumeric(row) ? <RangeInputs {...props} stepped={stepped} /> : <ChoicesInput {...props} />}
            <ConditionSelect {...props} space={space} />
            <button
              type="button"
              className="button is-quiet is-icon"
              aria-label={`Leave out ${row.name}`}
              onClick={() => onChange(without(space, row.name))}
            >
              <CloseIcon />
            </button>
            {row.when && <ConditionValues {...props} when={row.when} space={space} />}
            <Problem text={problems[row.name]} />
          </div>
        )
      })}
      <Problem text={problems['']} />
      {left.length > 0 && (
        <select
          className="input"
          aria-label="Add a parameter"
          value=""
          onChange={(event) => onChange([...space, rowOf(event.target.value)])}
        >
          <option value="">Add a parameter…</option>
          {left.map((name) => (
            <option key={name} value={name}>
              {labelOf(name)}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  )
}

function Problem({ text }: { text: string | undefined }): ReactElement | null {
  if (text === undefined) return null
  return (
    <p className="problem" role="alert">
      {text}
    </p>
  )
}

interface RowProps {
  row: SpaceRow
  invalid: boolean
  onChange: (changes: Partial<SpaceRow>) => void
}

function RangeInputs({ row, invalid, stepped, onChange }: RowProps & { stepped: boolean }): ReactElement {
  const { name, log } = row
  const input = (part: 'low' | 'high' | 'step', label: string): ReactElement => (
    <input
      className="input"
      name={`${name}.${part}`}
      aria-label={`${name} ${label}`}
      aria-invalid={invalid}
      value={row[part]}
      inputMode="decimal"
      autoComplete="off"
      onChange={(event) => onChange({ [part]: event.target.value })}
    />
  )
  return (
    <span className="space-range" data-stepped={stepped || undefined}>
      {input('low', 'from')}
      <span className="muted">to</span>
      {input('high', 'to')}
      {stepped ? (
        <>
          <span className="muted">by</span>
          {input('step', 'by')}
        </>
      ) : (
        <label className="space-check">
          <input type="checkbox" checked={log} onChange={(event) => onChange({ log: event.target.checked })} />
          log
        </label>
      )}
    </span>
  )
}

function ChoicesInput({ row: { name, choices }, invalid, onChange }: RowProps): ReactElement {
  return (
    <input
      className="input"
      name={`${name}.choices`}
      aria-label={`${name}: choices, separated by commas`}
      aria-invalid={invalid}
      value={choices}
      autoComplete="off"
      onChange={(event) => onChange({ choices: event.target.value })}
    />
  )
}

/** In every trial, or only in those where another parameter has certain values. */
function ConditionSelect({ row, space, onChange }: RowProps & { space: readonly SpaceRow[] }): ReactElement {
  const { name, when } = row
  const possible = possibleConditions(row, space)
  return (
    <select
      className="input space-when"
      name={`${name}.when`}
      aria-label={`${name}: in which trials`}
      disabled={possible.length === 0}
      value={when?.parameter ?? ''}
      onChange={({ target: { value } }) => {
        const [first = ''] = listOf(possible.find((other) => other.name === value)?.choices ?? '')
        onChange({ when: value === '' ? null : { parameter: value, is: [first] } })
      }}
    >
      <option value="">always</option>
      {possible.map((other) => (
        <option key={other.name} value={other.name}>
          if {labelOf(other.name).toLowerCase()}…
        </option>
      ))}
    </select>
  )
}

function ConditionValues(
  props: RowProps & { when: NonNullable<SpaceRow['when']>; space: readonly SpaceRow[] },
): ReactElement {
  const { row, when, space, onChange } = props
  const { parameter, is } = when
  const choices = listOf(space.find(({ name }) => name === parameter)?.choices ?? '')
  return (
    <fieldset className="space-condition" aria-label={`${row.name}: with which ${parameter}`}>
      <span className="muted">only where {labelOf(parameter).toLowerCase()} is</span>
      {choices.map((choice) => (
        <label key={choice} className="space-check">
          <input
            type="checkbox"
            name={`${row.name}.when.${choice}`}
            checked={is.includes(choice)}
            onChange={({ target: { checked } }) =>
              onChange({
                when: { parameter, is: checked ? [...is, choice] : is.filter((other) => other !== choice) },
              })
            }
          />
          {choice}
        </label>
      ))}
    </fieldset>
  )
}
