/** The dialog that starts a study. What the server refuses is shown at the field it is about. */
import { type FormEvent, type ReactElement, useEffect, useRef, useState } from 'react'
import { type ApiError, asApiError } from '../../core/errors.ts'
import { type Dataset, loadDatasets } from '../../core/start-run.ts'
import {
  checkStudy,
  emptyStudy,
  prunerChoices,
  type SpaceRow,
  type StartStudyForm,
  type StudyField,
  type StudyProblems,
  startStudy,
  toStudyInput,
  toStudyProblems,
  usualSpace,
} from '../../core/start-study.ts'
import { metricLabels, samplerLabels } from '../../core/study-names.ts'
import { useConsole } from '../context.ts'
import { ArchField, ChoiceField, DatasetField, TextField } from '../form-fields.tsx'
import { CloseIcon } from '../icons.tsx'
import { ErrorNotice } from '../parts.tsx'
import { SpaceEditor } from './space-editor.tsx'

export function StartStudyDialog(): ReactElement {
  const { api, router } = useConsole()
  const dialog = useRef<HTMLDialogElement>(null)
  const [datasets, setDatasets] = useState<Dataset[] | null>(null)
  const [form, setForm] = useState<StartStudyForm>(emptyStudy)
  const [space, setSpace] = useState<readonly SpaceRow[]>(usualSpace)
  const [problems, setProblems] = useState<StudyProblems>({})
  const [error, setError] = useState<ApiError | null>(null)
  const [sending, setSending] = useState(false)

  useEffect(() => {
    dialog.current?.showModal()
    dialog.current?.querySelector<HTMLElement>('[name="name"]')?.focus()
  }, [])

  useEffect(() => {
    let shown = true
    loadDatasets(api).then(
      (loaded) => {
        if (!shown) return
        setDatasets(loaded)
        const [first] = loaded
        if (first) setForm((form) => (form.dataset === '' ? { ...form, dataset: first.id } : form))
      },
      (cause) => shown && setError(asApiError(cause)),
    )
    return () => {
      shown = false
    }
  }, [api])

  const change = (field: StudyField, value: string): void => {
    setForm((form) => ({ ...form, [field]: value }))
    setProblems(({ [field]: _, ...others }) => others)
  }
  const changeSpace = (rows: readonly SpaceRow[]): void => {
    setSpace(rows)
    setProblems(({ space: _, ...others }) => others)
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = checkStudy(form, space)
    setProblems(found)
    setError(null)
    if (Object.keys(found).length > 0) return
    setSending(true)
    try {
      router.go({ name: 'study', id: await startStudy(api, toStudyInput(form, space)) }, { replace: true })
    } catch (cause) {
      const failure = asApiError(cause)
      const { problems, rest } = toStudyProblems(failure.fields)
      setProblems(problems)
      setSending(false)
      if (failure.fields.length === 0 || rest.length > 0) setError(failure)
    }
  }

  const close = (): void => router.go({ name: 'studies' }, { replace: true })
  const field = <Name extends StudyField>(name: Name) => ({
    name,
    value: form[name] as string,
    problem: problems[name],
    onChange: change,
  })

  return (
    <dialog
      ref={dialog}
      className="is-large"
      aria-labelledby="start-study-title"
      onClose={close}
      data-testid="study-form"
    >
      <form noValidate onSubmit={(event) => void submit(event)}>
        <div className="form-head">
          <h2 id="start-study-title">Start a study</h2>
          <button type="button" className="button is-quiet is-icon" aria-label="Close" onClick={close}>
            <CloseIcon />
          </button>
        </div>
        <div className="form-body">
          {error && (
            <div className="form-error">
              <ErrorNotice error={error} />
            </div>
          )}
          <DatasetField {...field('dataset')} datasets={datasets} />
          <TextField {...field('name')} label="Name" hint="Optional; the dataset and the network otherwise" />
          <ArchField value={form.arch} onChange={change} />
          <TextField
            {...field('weights')}
            label="Weights"
            hint="Empty: from scratch. A name such as resnet18, or a file on the worker’s machine"
          />
          <TextField {...field('size')} label="Image size" unit="px" width="half" />
          <TextField {...field('batch')} label="Batch" unit="images" width="half" />
          <TextField {...field('epochs')} label="Epochs" width="half" hint="The most that a trial may take" />
          <ChoiceField {...field('objective')} label="Search for the best" width="half" choices={metricLabels} />
          <SpaceEditor space={space} problems={problems.space ?? {}} onChange={changeSpace} />
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
        </div>
        <div className="form-foot">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button is-primary" disabled={sending || datasets?.length === 0}>
            {sending ? 'Starting…' : 'Start'}
          </button>
        </div>
      </form>
    </dialog>
  )
}
