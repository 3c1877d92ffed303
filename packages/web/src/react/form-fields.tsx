import { type ReactElement, type ReactNode, useId } from 'react'
import type { Arch, AugmentationPreset } from '../core/documents.types.ts'
import { formatArch, formatCount } from '../core/format.ts'
import type { Dataset, FormField } from '../core/start-run.ts'

export interface FieldProps<Name extends string = FormField> {
  name: Name
  value: string
  problem: string | undefined
  onChange: (field: Name, value: string) => void
}

/** Ties label, hint and problem to the control, so that each is read out with it. */
export function Field(props: {
  label: string
  hint?: string | undefined
  problem: string | undefined
  width?: 'half' | undefined
  control: (ids: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode
}): ReactElement {
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
  props: FieldProps<Name> & { label: string; hint?: string; unit?: string; width?: 'half' },
): ReactElement {
  const { name, value, onChange, unit, label } = props
  const numeric = name !== 'name'
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
          inputMode={numeric ? 'decimal' : 'text'}
          autoComplete="off"
          onChange={(event) => onChange(name, event.target.value)}
        />
      )}
    />
  )
}

export function DatasetField<Name extends string>(
  props: FieldProps<Name> & { datasets: readonly Dataset[] | null },
): ReactElement {
  const { name, value, onChange, datasets } = props
  const chosen = datasets?.find((dataset) => dataset.id === value)
  const none = datasets?.length === 0
  return (
    <Field
      label="Dataset"
      hint={
        none
          ? 'There is no dataset yet. Import a folder of class folders with importDataset.'
          : chosen && `${formatCount(chosen.images)} images in ${chosen.classes.length} classes`
      }
      problem={props.problem}
      control={(ids) => (
        <select
          {...ids}
          className="input"
          name={name}
          value={value}
          disabled={!datasets || none}
          onChange={(event) => onChange(name, event.target.value)}
        >
          {datasets === null && <option value="">Loading…</option>}
          {datasets?.map((dataset) => (
            <option key={dataset.id} value={dataset.id}>
              {dataset.name}
            </option>
          ))}
        </select>
      )}
    />
  )
}

/** One of a few, by name. */
export function ChoiceField<Name extends string>(
  props: FieldProps<Name> & { label: string; hint?: string; width?: 'half'; choices: Readonly<Record<string, string>> },
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

const augmentations: readonly { preset: AugmentationPreset; about: string; hint: string }[] = [
  { preset: 'none', about: 'None', hint: 'Every epoch sees the images as they are' },
  { preset: 'default', about: 'Default', hint: 'Mirrored, turned a little, zoomed, warped, lit otherwise' },
  { preset: 'notebook', about: 'Notebook', hint: 'Seldom turned far, often mirrored, parts erased' },
]

export function AugmentationField(props: {
  value: AugmentationPreset
  problem: string | undefined
  onChange: FieldProps['onChange']
}): ReactElement {
  return (
    <Field
      label="Augmentation"
      hint={augmentations.find(({ preset }) => preset === props.value)?.hint}
      problem={props.problem}
      control={(ids) => (
        <select
          {...ids}
          className="input"
          name="augmentation"
          value={props.value}
          onChange={(event) => props.onChange('augmentation', event.target.value)}
        >
          {augmentations.map(({ preset, about }) => (
            <option key={preset} value={preset}>
              {about}
            </option>
          ))}
        </select>
      )}
    />
  )
}

const archs: readonly { arch: Arch; note: string }[] = [
  { arch: 'resnet18', note: '11.7 M parameters' },
  { arch: 'resnet34', note: '21.8 M parameters' },
  { arch: 'resnet50', note: '25.6 M parameters' },
]

export function ArchField(props: { value: Arch; onChange: (field: 'arch', value: string) => void }): ReactElement {
  return (
    <fieldset className="field">
      <legend>Network</legend>
      <div className="choices">
        {archs.map(({ arch, note }) => (
          <label key={arch}>
            <input
              type="radio"
              name="arch"
              value={arch}
              checked={arch === props.value}
              onChange={() => props.onChange('arch', arch)}
            />
            <strong>{formatArch(arch)}</strong>
            <small>{note}</small>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
