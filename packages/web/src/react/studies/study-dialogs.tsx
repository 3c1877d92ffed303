/** The two small dialogs of a study: more to do, and a trial by hand. */
import { type FormEvent, type ReactElement, useState } from 'react'
import type { StudyState, TrialParameterInput } from '../../core/documents.types.ts'
import { formatParameter, formatRange, formatValue, type SpaceParameter } from '../../core/parameters.ts'
import { given, isNumber } from '../../core/start-form.ts'
import type { StudyStore, StudyViewState } from '../../core/study-store.ts'
import { FormDialog } from '../form-dialog.tsx'
import { Field, TextField } from '../form-fields.tsx'

interface StudyDialogProps {
  study: StudyState
  state: StudyViewState
  store: StudyStore
  onClose: () => void
}

const limits = [
  { name: 'trials', label: 'Trials', hint: 'In all, those that are done included' },
  { name: 'epochs', label: 'Epochs', hint: 'Of all trials together' },
  { name: 'hours', label: 'Hours', hint: 'While it runs' },
] as const

export function ExtendDialog({ study, state, store, onClose }: StudyDialogProps): ReactElement {
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(limits.map(({ name }) => [name, study.budget[name] === null ? '' : String(study.budget[name])])),
  )
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!Object.values(texts).every(isLimit)) return
    const limit = (name: string): number | null => (given(texts[name] ?? '') ? Number(texts[name]) : null)
    const budget = { trials: limit('trials'), epochs: limit('epochs'), hours: limit('hours') }
    if (await store.extend(budget)) onClose()
  }
  return (
    <FormDialog
      title="Extend the study"
      action="Extend"
      disabled={state.action !== null}
      error={state.actionError}
      testId="study-dialog"
      onSubmit={(event) => void submit(event)}
      onClose={onClose}
    >
      <p className="field muted">
        Totals that end the study; an empty one is no limit. A finished study goes on, its paused trials too.
      </p>
      {limits.map(({ name, label, hint }) => (
        <TextField
          key={name}
          name={name}
          value={texts[name] ?? ''}
          label={label}
          hint={hint}
          problem={isLimit(texts[name] ?? '') ? undefined : 'Must be a number, or empty'}
          onChange={(name, value) => setTexts({ ...texts, [name]: value })}
        />
      ))}
    </FormDialog>
  )
}

const isLimit = (text: string): boolean => !given(text) || isNumber(text)

export function EnqueueDialog({ study, state, store, onClose }: StudyDialogProps): ReactElement {
  const [texts, setTexts] = useState<Record<string, string>>({})
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const parameters = study.space.flatMap((parameter): TrialParameterInput[] => {
      const text = texts[parameter.name]?.trim() ?? ''
      return text === '' ? [] : [valueOfText(parameter, text)]
    })
    if (await store.enqueue(parameters)) onClose()
  }
  return (
    <FormDialog
      title="Enqueue a trial"
      action="Enqueue"
      disabled={state.action !== null}
      error={state.actionError}
      testId="study-dialog"
      onSubmit={(event) => void submit(event)}
      onClose={onClose}
    >
      <p className="field muted">It is tried next. What is left empty is the sampler’s to choose.</p>
      {study.space.map((parameter) => (
        <Field
          key={parameter.name}
          label={parameter.name}
          hint={formatRange(parameter)}
          problem={undefined}
          width="half"
          control={(ids) => (
            <ParameterInput
              ids={ids}
              parameter={parameter}
              text={texts[parameter.name] ?? ''}
              onChange={(text) => setTexts({ ...texts, [parameter.name]: text })}
            />
          )}
        />
      ))}
    </FormDialog>
  )
}

function ParameterInput(props: {
  ids: object
  parameter: SpaceParameter
  text: string
  onChange: (text: string) => void
}): ReactElement {
  const { ids, parameter, text, onChange } = props
  const { kind, name, low, high, log, choices } = parameter
  if (kind === 'categorical') {
    return (
      <select {...ids} className="input" name={name} value={text} onChange={(event) => onChange(event.target.value)}>
        <option value="">any</option>
        {(choices ?? []).map((choice) => (
          <option key={formatValue(choice)} value={formatValue(choice)}>
            {formatValue(choice)}
          </option>
        ))}
      </select>
    )
  }
  const middle = log ? Math.sqrt((low ?? 1) * (high ?? 1)) : ((low ?? 0) + (high ?? 0)) / 2
  return (
    <input
      {...ids}
      className="input"
      name={name}
      value={text}
      placeholder={`such as ${formatParameter(kind === 'int' ? Math.round(middle) : middle)}`}
      inputMode="decimal"
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

function valueOfText({ name, kind, choices }: SpaceParameter, text: string): TrialParameterInput {
  if (kind !== 'categorical') return { name, number: Number(text) }
  const choice = (choices ?? []).find((known) => formatValue(known) === text)
  return { name, number: choice?.number ?? null, text: choice?.text ?? null, flag: choice?.flag ?? null }
}
