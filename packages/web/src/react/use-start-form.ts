/** The state of a form that starts something: what is typed, what is wrong with it, and the datasets to choose from. */
import { type FormEvent, useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import type { Api } from '../core/api.ts'
import { type ApiError, asApiError } from '../core/errors.ts'
import { type Dataset, loadDatasets, type Problems, sortIssues } from '../core/start-form.ts'
import type { View } from '../core/view.ts'
import { useConsole } from './context.ts'

interface StartForm<Form> {
  empty: Form
  /** What can be seen without the server. */
  check(form: Form): Problems<Form>
  /** The id of what was started. @throws {ApiError} */
  start(api: Api, form: Form): Promise<string>
  /** Where what was started is shown. */
  shown(id: string): View
}

/** The names of fields of text. */
type TextName<Form> = { [Name in keyof Form]: Form[Name] extends string ? Name : never }[keyof Form] & string

interface StartFormState<Form> {
  form: Form
  problems: Problems<Form>
  /** null until they are loaded. */
  datasets: readonly Dataset[] | null
  /** What is wrong that no field shows. */
  error: ApiError | null
  sending: boolean
  change<Name extends keyof Form>(name: Name, value: Form[Name]): void
  /** The properties of a field of text. */
  field<Name extends TextName<Form>>(
    name: Name,
  ): { name: Name; value: string; problem: string | undefined; onChange: (name: Name, value: string) => void }
  submit(event: FormEvent<HTMLFormElement>): void
}

/** @param start must be the same object at every call */
export function useStartForm<Form extends { dataset: string }>(start: StartForm<Form>): StartFormState<Form> {
  const { api, router } = useConsole()
  const [datasets, setDatasets] = useState<readonly Dataset[] | null>(null)
  const [form, setForm] = useState<Form>(start.empty)
  const [problems, setProblems] = useState<Problems<Form>>({})
  const [error, setError] = useState<ApiError | null>(null)
  const [sending, setSending] = useState(false)

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

  function change<Name extends keyof Form>(name: Name, value: Form[Name]): void {
    setForm((form) => ({ ...form, [name]: value }))
    setProblems((problems) => ({ ...problems, [name]: undefined }))
  }

  /** Shows what is wrong, and leads to the first field of it. */
  function refuse(element: HTMLFormElement, problems: Problems<Form>, error: ApiError | null): void {
    flushSync(() => {
      setProblems(problems)
      setError(error)
      setSending(false)
    })
    element.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }

  async function send(element: HTMLFormElement): Promise<void> {
    const found = start.check(form)
    if (Object.keys(found).length > 0) return refuse(element, found, null)
    setSending(true)
    setError(null)
    try {
      router.go(start.shown(await start.start(api, form)), { replace: true })
    } catch (cause) {
      const failure = asApiError(cause)
      const { problems, rest } = sortIssues(start.empty, failure.fields)
      refuse(element, problems, failure.fields.length === 0 || rest.length > 0 ? failure : null)
    }
  }

  return {
    ...{ form, problems, datasets, error, sending, change },
    field: (name) => ({
      name,
      value: form[name] as string,
      problem: problems[name] as string | undefined,
      onChange: (name, value) => change(name, value as Form[typeof name]),
    }),
    submit(event) {
      event.preventDefault()
      void send(event.currentTarget)
    },
  }
}
