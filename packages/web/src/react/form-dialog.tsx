/** A dialog that is a form: title, fields, and what sends it. It opens when it is rendered. */
import { type FormEvent, type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react'
import type { ApiError } from '../core/errors.ts'
import { CloseIcon } from './icons.tsx'
import { ErrorNotice } from './parts.tsx'

export function FormDialog(props: {
  title: string
  action: string
  /** While it cannot be sent. */
  disabled: boolean
  error: ApiError | null
  /** Name of the field in which one begins to type; the first one if left out. */
  focus?: string
  large?: boolean
  testId: string
  onSubmit: (event: FormEvent<HTMLFormElement>) => void
  onClose: () => void
  children: ReactNode
}): ReactElement {
  const { title, error, focus, onClose } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
    if (focus) dialog.current?.querySelector<HTMLElement>(`[name="${focus}"]`)?.focus()
  }, [focus])
  return (
    <dialog
      ref={dialog}
      className={props.large ? 'is-large' : undefined}
      aria-labelledby={id}
      onClose={onClose}
      data-testid={props.testId}
    >
      <form noValidate onSubmit={props.onSubmit}>
        <div className="form-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="button is-quiet is-icon" aria-label="Close" onClick={onClose}>
            <CloseIcon />
          </button>
        </div>
        <div className="form-body">
          {error && (
            <div className="form-error">
              <ErrorNotice error={error} />
            </div>
          )}
          {props.children}
        </div>
        <div className="form-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button is-primary" disabled={props.disabled}>
            {props.action}
          </button>
        </div>
      </form>
    </dialog>
  )
}
