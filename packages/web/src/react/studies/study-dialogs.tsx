/** The two small dialogs of a study: more to do, and a trial by hand. */
import { type FormEvent, type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import type { StudyState, TrialParameterInput } from '../../core/documents.types.ts'
import { formatParameter, formatRange, formatValue, type SpaceParameter } from '../../core/parameters.ts'
import type { StudyStore, StudyViewState } from '../../core/study-store.ts'
import { Field } from '../form-fields.tsx'
import { CloseIcon } from '../icons.tsx'
import { ErrorNotice } from '../parts.tsx'

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
  async function submit(): Promise<void> {
    const limit = (name: string): number | null => (texts[name]?.trim() ? Number(texts[name]) : null)
    const budget = { trials: limit('trials'), epochs: limit('epochs'), hours: limit('hours') }
    if (await store.extend(budget)) onClose()
  }
  return (
    <SmallDialog
      title="Extend the study"
      action="Extend"
      busy={state.action !== null}
      onSubmit={submit}
      onClose={onClose}
    >
      {state.actionError && <ErrorNotice error={state.actionError} />}
      <p className="field muted">
        Totals that end the study; an empty one is no limit. A finished study goes on, its paused trials too.
      </p>
      {limits.map(({ name, label, hint }) => (
        <Field
          key={name}
          label={label}
          hint={hint}
          problem={isNumberOrEmpty(texts[name]) ? undefined : 'Must be a number, or empty'}
          control={(ids) => (
            <input
              {...ids}
              className="input"
              name={name}
              value={texts[name]}
              inputMode="decimal"
              autoComplete="off"
              onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
            />
          )}
        />
      ))}
    </SmallDialog>
  )
}

const isNumberOrEmpty = (text = ''): boolean => text.trim() === '' || Number.isFinite(Number(text))

export function EnqueueDialog({ study, state, store, onClose }: StudyDialogProps): ReactElement {
  const [texts, setTexts] = useState<Record<string, string>>({})
  async function submit(): Promise<void> {
    const parameters = study.space.flatMap((parameter): TrialParameterInput[] => {
      const text = texts[parameter.name]?.trim() ?? ''
      return text === '' ? [] : [valueOfText(parameter, text)]
    })
    if (await store.enqueue(parameters)) onClose()
  }
  return (
    <SmallDialog
      title="Enqueue a trial"
      action="Enqueue"
      busy={state.action !== null}
      onSubmit={submit}
      onClose={onClose}
    >
      {state.actionError && <ErrorNotice error={state.actionError} />}
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
    </SmallDialog>
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

function SmallDialog(props: {
  title: string
  action: string
  busy: boolean
  onSubmit: () => Promise<void>
  onClose: () => void
  children: ReactNode
}): ReactElement {
  const { title, action, busy, onSubmit, onClose, children } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  function submit(event: FormEvent): void {
    event.preventDefault()
    void onSubmit()
  }
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} data-testid="study-dialog">
      <form noValidate onSubmit={submit}>
        <div className="form-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="button is-quiet is-icon" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
        <div className="form-body">{children}</div>
        <div className="form-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button is-primary" disabled={busy}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
