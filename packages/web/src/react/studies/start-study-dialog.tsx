/** The dialog that starts a study. What the server refuses is shown at the field it is about. */
import { type ReactElement, useState } from 'react'
import {
  advancedFields,
  checkStudy,
  emptyStudy,
  hasBaseline,
  prunerChoices,
  startStudy,
} from '../../core/start-study.ts'
import { metricLabels, samplerLabels } from '../../core/study-names.ts'
import { useConsole } from '../context.ts'
import { FormDialog } from '../form-dialog.tsx'
import { ChoiceField, CommonFields, type FieldProps, TextField } from '../form-fields.tsx'
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
      <SpaceEditor
        space={form.space}
        stepped={form.sampler === 'grid'}
        hint={
          hasBaseline(form) ? 'What is set and searched too, such as the batch, begins with the setting.' : undefined
        }
        problems={problems.space ?? {}}
        onChange={(space) => change('space', space)}
      />
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
      <AdvancedFields
        field={field}
        grid={form.sampler === 'grid'}
        wrong={advancedFields.some((name) => problems[name] !== undefined)}
      />
    </FormDialog>
  )
}

type AdvancedName = (typeof advancedFields)[number]

/** What most studies leave as it is; open where something of it is wrong. */
function AdvancedFields(props: {
  field: <Name extends AdvancedName>(name: Name) => FieldProps<Name>
  grid: boolean
  wrong: boolean
}): ReactElement {
  const { field, grid, wrong } = props
  const [open, setOpen] = useState(false)
  return (
    <details
      className="field advanced"
      open={open || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      data-testid="advanced"
    >
      <summary>Advanced</summary>
      <div className="form-grid">
        <ChoiceField
          {...field('baseline')}
          value={grid ? 'no' : field('baseline').value}
          disabled={grid}
          label="Begin with these settings"
          hint={grid ? 'A grid is searched in its order' : 'As trial 0, the baseline. TPE draws around it at first'}
          choices={{ yes: 'Yes', no: 'No, draw from all of the space' }}
        />
        <TextField
          {...field('rungs')}
          label="Rungs"
          unit="epochs"
          width="half"
          hint="After which trials pause, such as 1, 3. Empty: a third and a ninth of all"
        />
        <TextField
          {...field('sizes')}
          label="Smaller images first"
          unit="px"
          width="half"
          hint="Up to the first rungs, such as 96, 128. Empty: one size"
        />
        <ChoiceField
          {...field('restarts')}
          label="Schedule"
          width="half"
          hint="In the midst of a schedule values mislead"
          choices={{ yes: 'Begins anew at each rung', no: 'One over all epochs' }}
        />
        <TextField
          {...field('folds')}
          label="Folds"
          width="half"
          hint="The first decides who goes on, the others who wins"
        />
        <TextField
          {...field('finalSeeds')}
          label="Train the winner anew"
          unit="seeds"
          width="half"
          hint="Empty: 3 where the dataset has a test split"
        />
        <TextField {...field('parallel')} label="At the same time" width="half" hint="Empty: as many as workers do" />
        <TextField {...field('seed')} label="Seed" width="half" hint="Of the search, not of the runs" />
      </div>
    </details>
  )
}
