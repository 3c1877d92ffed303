/** The rows of a search space: which parameters, and from where to where. */
import type { ReactElement } from 'react'
import { isNumeric, knownParameters, rowOf, type SpaceRow } from '../../core/start-study.ts'
import { CloseIcon } from '../icons.tsx'

interface SpaceEditorProps {
  space: readonly SpaceRow[]
  problems: Readonly<Record<string, string>>
  onChange: (space: readonly SpaceRow[]) => void
}

export function SpaceEditor({ space, problems, onChange }: SpaceEditorProps): ReactElement {
  const change = (name: string, changes: Partial<SpaceRow>): void =>
    onChange(space.map((row) => (row.name === name ? { ...row, ...changes } : row)))
  const left = Object.entries(knownParameters).filter(([name]) => !space.some((row) => row.name === name))
  return (
    <fieldset className="field space">
      <legend>Search space</legend>
      {space.map((row) => (
        <div key={row.name} className="space-row" data-testid="space-row">
          <span className="space-name" title={row.name}>
            {knownParameters[row.name]?.label ?? row.name}
          </span>
          {isNumeric(row) ? <RangeInputs row={row} onChange={change} /> : <ChoicesInput row={row} onChange={change} />}
          <button
            type="button"
            className="button is-quiet is-icon"
            aria-label={`Leave out ${row.name}`}
            onClick={() => onChange(space.filter(({ name }) => name !== row.name))}
          >
            <CloseIcon />
          </button>
          {problems[row.name] && (
            <p className="problem" role="alert">
              {problems[row.name]}
            </p>
          )}
        </div>
      ))}
      {problems[''] && (
        <p className="problem" role="alert">
          {problems['']}
        </p>
      )}
      {left.length > 0 && (
        <select
          className="input"
          aria-label="Add a parameter"
          value=""
          onChange={(event) => onChange([...space, rowOf(event.target.value)])}
        >
          <option value="">Add a parameter…</option>
          {left.map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  )
}

interface RowProps {
  row: SpaceRow
  onChange: (name: string, changes: Partial<SpaceRow>) => void
}

function RangeInputs({ row, onChange }: RowProps): ReactElement {
  const { name, low, high, log } = row
  const input = (end: 'low' | 'high', value: string): ReactElement => (
    <input
      className="input"
      name={`${name}.${end}`}
      aria-label={`${name} ${end === 'low' ? 'from' : 'to'}`}
      value={value}
      inputMode="decimal"
      autoComplete="off"
      onChange={(event) => onChange(name, { [end]: event.target.value })}
    />
  )
  return (
    <span className="space-range">
      {input('low', low)}
      <span className="muted">to</span>
      {input('high', high)}
      <label className="space-log">
        <input type="checkbox" checked={log} onChange={(event) => onChange(name, { log: event.target.checked })} />
        log
      </label>
    </span>
  )
}

function ChoicesInput({ row: { name, choices }, onChange }: RowProps): ReactElement {
  return (
    <input
      className="input"
      name={`${name}.choices`}
      aria-label={`${name}: choices, separated by commas`}
      value={choices}
      autoComplete="off"
      onChange={(event) => onChange(name, { choices: event.target.value })}
    />
  )
}
