/** The dialog that starts a study. What the server refuses is shown at the field it is about. */
import type { ReactElement } from 'react'
import { checkStudy, emptyStudy, prunerChoices, startStudy } from '../../core/start-study.ts'
import { metricLabels, samplerLabels } from '../../core/study-names.ts'
import { useConsole } from '../context.ts'
import { FormDialog } from '../form-dialog.tsx'
import { ChoiceField, CommonFields, TextField } from '../form-fields.tsx'
import { useStartForm } from '../use-start-form.ts'
import { SpaceEditor } from './space-editor.tsx'

const start = {
  empty: emptyStudy,
  check: checkStudy,
  start: startStudy,
  shown: (id: string) => ({ name: 'study' as const, id }),
}

export function StartStudyDialog(): ReactElement {
  const { router } = useConsole()
  const { form, problems, datasets, error, sending, field, change, submit } = useStartForm(start)
  return (
    <FormDialog
      title="Start a study"
      action={sending ? 'Starting…' : 'Start'}
      disabled={sending || datasets?.length === 0}
      error={error}
      focus="name"
      large
      testId="study-form"
      onSubmit={submit}
      onClose={() => router.go({ name: 'studies' }, { replace: true })}
    >
      <CommonFields field={field} datasets={datasets} />
      <TextField {...field('epochs')} label="Epochs" width="half" hint="The most that a trial may take" />
      <ChoiceField {...field('objective')} label="Search for the best" width="half" choices={metricLabels} />
      <SpaceEditor space={form.space} problems={problems.space ?? {}} onChange={(space) => change('space', space)} />
      <ChoiceField {...field('sampler')} label="Sampler" width="half" choices={samplerLabels} />
      <ChoiceField {...field('pruner')} label="Pruner" width="half" choices={prunerChoices} />
      <ChoiceField
        {...field('findRate')}
        label="Range test first"
        hint="Finds a learning rate in a short training, and searches around it"
        choices={{ no: 'No', yes: 'Yes' }}
      />
      <TextField {...field('trials')} label="Trials" width="half" hint="Empty: no limit" />
      <TextField {...field('hours')} label="Hours" width="half" hint="Empty: no limit" />
      <TextField {...field('parallel')} label="At the same time" width="half" hint="Empty: as many as workers do" />
      <TextField {...field('seed')} label="Seed" width="half" hint="Of the search, not of the runs" />
    </FormDialog>
  )
}
