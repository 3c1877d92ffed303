/** The dialog that starts a run. What the server refuses is shown at the field it is about. */
import { type FormEvent, type ReactElement, useEffect, useRef, useState } from 'react'
import { type ApiError, asApiError } from '../core/errors.ts'
import {
  checkForm,
  type Dataset,
  emptyForm,
  type FormField,
  type FormProblems,
  loadDatasets,
  type StartRunForm,
  startRun,
  toProblems,
} from '../core/start-run.ts'
import { useConsole } from './context.ts'
import { ArchField, AugmentationField, DatasetField, TextField } from './form-fields.tsx'
import { CloseIcon } from './icons.tsx'
import { ErrorNotice } from './parts.tsx'

export function StartRunDialog(): ReactElement {
  const { api, router } = useConsole()
  const dialog = useRef<HTMLDialogElement>(null)
  const [datasets, setDatasets] = useState<Dataset[] | null>(null)
  const [form, setForm] = useState<StartRunForm>(emptyForm)
  const [problems, setProblems] = useState<FormProblems>({})
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

  const change = (field: FormField, value: string): void => {
    setForm((form) => ({ ...form, [field]: value }))
    setProblems(({ [field]: _, ...others }) => others)
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    const found = checkForm(form)
    setProblems(found)
    setError(null)
    if (Object.keys(found).length > 0) return focusFirst(found)
    setSending(true)
    try {
      router.go({ name: 'run', id: await startRun(api, form) }, { replace: true })
    } catch (cause) {
      const failure = asApiError(cause)
      const { problems, rest } = toProblems(failure.fields)
      setProblems(problems)
      setSending(false)
      if (failure.fields.length === 0 || rest.length > 0) setError(failure)
      else focusFirst(problems)
    }
  }

  function focusFirst(found: FormProblems): void {
    const first = Object.keys(emptyForm).find((field) => field in found)
    dialog.current?.querySelector<HTMLElement>(`[name="${first}"]`)?.focus()
  }

  const close = (): void => router.go({ name: 'runs' }, { replace: true })
  const text = (
    field: FormField,
  ): { name: FormField; value: string; problem: string | undefined; onChange: typeof change } => ({
    name: field,
    value: form[field],
    problem: problems[field],
    onChange: change,
  })

  return (
    <dialog ref={dialog} aria-labelledby="start-run-title" onClose={close} data-testid="start-form">
      <form noValidate onSubmit={(event) => void submit(event)}>
        <div className="form-head">
          <h2 id="start-run-title">Start a run</h2>
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
          <DatasetField {...text('dataset')} datasets={datasets} />
          <TextField {...text('name')} label="Name" hint="Optional; the dataset and the network otherwise" />
          <ArchField value={form.arch} onChange={change} />
          <TextField
            {...text('weights')}
            label="Weights"
            hint="Empty: from scratch. A name such as resnet18, or a file on the worker’s machine"
          />
          <TextField {...text('size')} label="Image size" unit="px" width="half" hint="Side of the square input" />
          <TextField {...text('batch')} label="Batch" unit="images" width="half" />
          <TextField {...text('epochs')} label="Epochs" width="half" />
          <TextField {...text('baseLr')} label="Base learning rate" width="half" />
          <AugmentationField value={form.augmentation} problem={problems.augmentation} onChange={change} />
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
