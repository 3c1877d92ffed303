import { type ReactElement, type ReactNode, useId } from 'react'
import type { Arch } from '../core/documents.types.ts'
import { formatArch, formatCountOf } from '../core/format.ts'
import type { Dataset } from '../core/start-form.ts'

export interface FieldProps<Name extends string> {
  name: Name
  value: string
  problem: string | undefined
  onChange: (field: Name, value: string) => void
}

interface LabelProps {
  label: string
  hint?: string | undefined
  width?: 'half' | undefined
}

/** Ties label, hint and problem to the control, so that each is read out with it. */
export function Field(
  props: LabelProps & {
    problem: string | undefined
    control: (ids: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode
  },
): ReactElement {
  const id = useId()
  const { label, hint, problem } = props
  return (
    <div className={props.width === 'half' ? 'field is-half' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {props.control({ id, 'aria-describedby': `${id}-note`, 'aria-invalid': problem !== undefined })}
      <p id={`${id}-note`} className={problem ? 'problem' : 'hint'} role={problem ? 'alert' : undefined}>
        {problem ?? hint}
      </p>
    </div>
  )
}

export function TextField<Name extends string>(
  props: FieldProps<Name> & LabelProps & { unit?: string; words?: boolean },
): ReactElement {
  const { name, value, onChange, unit, label } = props
  return (
    <Field
      label={unit ? `${label} (${unit})` : label}
      hint={props.hint}
      problem={props.problem}
      width={props.width}
      control={(ids) => (
        <input
          {...ids}
          className="input"
          name={name}
          value={value}
          inputMode={props.words ? 'text' : 'decimal'}
          autoComplete="off"
          onChange={(event) => onChange(name, event.target.value)}
        />
      )}
    />
  )
}

/** One of a few, by name. */
export function ChoiceField<Name extends string>(
  props: FieldProps<Name> & LabelProps & { choices: Readonly<Record<string, string>>; disabled?: boolean },
): ReactElement {
  const { name, value, onChange, choices } = props
  return (
    <Field
      label={props.label}
      hint={props.hint}
      problem={props.problem}
      width={props.width}
      control={(ids) => (
        <select
          {...ids}
          className="input"
          name={name}
          value={value}
          disabled={props.disabled}
          onChange={(event) => onChange(name, event.target.value)}
        >
          {Object.entries(choices).map(([choice, label]) => (
            <option key={choice} value={choice}>
              {label}
            </option>
          ))}
        </select>
      )}
    />
  )
}

type CommonName = 'dataset' | 'name' | 'arch' | 'weights' | 'size' | 'batch'

/** What a run and the trials of a study are told alike. */
export function CommonFields(props: {
  field: <Name extends CommonName>(name: Name) => FieldProps<Name>
  datasets: readonly Dataset[] | null
}): ReactElement {
  const { field, datasets } = props
  return (
    <>
      <DatasetField {...field('dataset')} datasets={datasets} />
      <TextField {...field('name')} label="Name" hint="Optional; the dataset and the network otherwise" words />
      <ArchField {...field('arch')} />
      <TextField
        {...field('weights')}
        label="Weights"
        hint="Empty: from scratch. A name such as resnet18, or a file on the worker’s machine"
        words
      />
      <TextField {...field('size')} label="Image size" unit="px" width="half" hint="Side of the square input" />
      <TextField {...field('batch')} label="Batch" unit="images" width="half" />
    </>
  )
}

function DatasetField(props: FieldProps<'dataset'> & { datasets: readonly Dataset[] | null }): ReactElement {
  const { datasets, ...field } = props
  const chosen = datasets?.find(({ id }) => id === field.value)
  const none = datasets?.length === 0
  return (
    <ChoiceField
      {...field}
      label="Dataset"
      hint={
        none
          ? 'There is no dataset yet. Import a folder of class folders with importDataset.'
          : chosen &&
            `${formatCountOf(chosen.images, 'image')} in ${formatCountOf(chosen.classes.length, 'class', 'classes')}`
      }
      choices={datasets ? Object.fromEntries(datasets.map(({ id, name }) => [id, name])) : { '': 'Loading…' }}
      disabled={!datasets || none}
    />
  )
}

const archs: readonly { arch: Arch; note: string }[] = [
  { arch: 'resnet18', note: '11.7 M parameters' },
  { arch: 'resnet34', note: '21.8 M parameters' },
  { arch: 'resnet50', note: '25.6 M parameters' },
]

function ArchField({ name, value, problem, onChange }: FieldProps<'arch'>): ReactElement {
  return (
    <fieldset className="field">
      <legend>Network</legend>
      <div className="choices">
        {archs.map(({ arch, note }) => (
          <label key={arch}>
            <input
              type="radio"
              name={name}
              value={arch}
              checked={arch === value}
              onChange={() => onChange(name, arch)}
            />
            <strong>{formatArch(arch)}</strong>
            <small>{note}</small>
          </label>
        ))}
      </div>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  )
}
