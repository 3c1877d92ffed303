/** The dialog that starts a run. What the server refuses is shown at the field it is about. */
import type { ReactElement } from 'react'
import type { AugmentationPreset } from '../core/documents.types.ts'
import { checkRun, emptyRun, startRun } from '../core/start-run.ts'
import { useConsole } from './context.ts'
import { FormDialog } from './form-dialog.tsx'
import { ChoiceField, CommonFields, TextField } from './form-fields.tsx'
import { useStartForm } from './use-start-form.ts'

const start = {
  empty: emptyRun,
  check: checkRun,
  start: startRun,
  shown: (id: string) => ({ name: 'run' as const, id }),
}

const augmentations: Readonly<Record<AugmentationPreset, { label: string; hint: string }>> = {
  none: { label: 'None', hint: 'Every epoch sees the images as they are' },
  default: { label: 'Default', hint: 'Mirrored, turned a little, zoomed, warped, lit otherwise' },
  notebook: { label: 'Notebook', hint: 'Seldom turned far, often mirrored, parts erased' },
}
const augmentationLabels = Object.fromEntries(Object.entries(augmentations).map(([name, { label }]) => [name, label]))

export function StartRunDialog(): ReactElement {
  const { router } = useConsole()
  const { form, datasets, error, sending, field, submit } = useStartForm(start)
  return (
    <FormDialog
      title="Start a run"
      action={sending ? 'Starting…' : 'Start'}
      disabled={sending || datasets?.length === 0}
      error={error}
      focus="name"
      testId="start-form"
      onSubmit={submit}
      onClose={() => router.go({ name: 'runs' }, { replace: true })}
    >
      <CommonFields field={field} datasets={datasets} />
      <TextField {...field('epochs')} label="Epochs" width="half" />
      <TextField {...field('baseLr')} label="Base learning rate" width="half" />
      <ChoiceField
        {...field('augmentation')}
        label="Augmentation"
        hint={augmentations[form.augmentation].hint}
        choices={augmentationLabels}
      />
    </FormDialog>
  )
}
