/** What every page of one thing has: its head, and what stands there before it is loaded or where it is gone. */
import type { ReactElement, ReactNode } from 'react'
import type { View } from '../core/view.ts'
import { Panel, ViewLink } from './parts.tsx'

export function PageHeader(props: {
  back: { to: View; label: string }
  title: ReactNode
  /** Below the title: what it is, in a few words. */
  about: ReactNode
  actions: ReactNode
}): ReactElement {
  const { to, label } = props.back
  return (
    <header>
      <nav className="crumbs" aria-label="Breadcrumb">
        <ViewLink to={to}>← {label}</ViewLink>
      </nav>
      <div className="page-head">
        <div>
          {props.title}
          {props.about}
        </div>
        <div className="actions">{props.actions}</div>
      </div>
    </header>
  )
}

/** @param of such as “run” */
export function LoadingPage({ of }: { of: string }): ReactElement {
  return (
    <div className="loading-run" aria-busy="true">
      <span className="visually-hidden">Loading the {of}</span>
      <div className="skeleton" />
      <div className="skeleton" />
      <div className="skeleton" />
    </div>
  )
}

export function MissingRun({ id }: { id: string }): ReactElement {
  return <Missing name="run" id={id} list={{ name: 'runs' }} all="Show all runs" />
}

export function MissingStudy({ id }: { id: string }): ReactElement {
  return <Missing name="study" id={id} list={{ name: 'studies' }} all="Show all studies" />
}

function Missing(props: { name: 'run' | 'study'; id: string; list: View; all: string }): ReactElement {
  const { name, id, list, all } = props
  return (
    <Panel title={name === 'run' ? 'Run not found' : 'Study not found'}>
      <p className="placeholder">
        There is no {name} “{id}” on this server: it may have been deleted. <ViewLink to={list}>{all}</ViewLink>
      </p>
    </Panel>
  )
}
