import type { ReactElement } from 'react'
import type { StudyState } from '../../core/documents.types.ts'
import { formatAgo, formatArch, formatDateTime, formatDuration } from '../../core/format.ts'
import { metricLabels, prunerLabels, samplerLabels } from '../../core/study-names.ts'
import type { StudyStore, StudyViewState } from '../../core/study-store.ts'
import { useNow } from '../context.ts'
import { FeedBadge } from '../feed-badge.tsx'
import { PlusIcon } from '../icons.tsx'
import { PageHeader } from '../page.tsx'
import { ResumeButton, StopButton } from '../stop-resume.tsx'
import { StudyPill } from './state-pills.tsx'

export type StudyDialog = 'extend' | 'enqueue'

interface StudyHeaderProps {
  study: StudyState
  state: StudyViewState
  store: StudyStore
  onDialog: (dialog: StudyDialog) => void
}

export function StudyHeader({ study, state, store, onDialog }: StudyHeaderProps): ReactElement {
  const now = useNow(15_000)
  const { status, spent } = study
  return (
    <PageHeader
      back={{ to: { name: 'studies' }, label: 'All studies' }}
      title={
        <div className="run-title">
          <h1>{study.name}</h1>
          <StudyPill status={status} />
        </div>
      }
      about={
        <ul className="meta">
          <li>{study.dataset.name}</li>
          <li>{formatArch(study.config.arch)}</li>
          <li>{study.objectives.map(({ metric }) => metricLabels[metric]).join(', ')}</li>
          <li>
            {samplerLabels[study.sampler.kind]}
            {study.pruner.kind === 'none' ? '' : ` with ${prunerLabels[study.pruner.kind]}`}
          </li>
          <li>
            <time dateTime={study.createdAt} title={formatDateTime(study.createdAt)}>
              started {formatAgo(study.createdAt, now)}
            </time>
          </li>
          <li>worked on for {formatDuration(spent.hours * 3600)}</li>
          {status === 'FINISHED' && study.outcome && <li>{study.outcome}</li>}
        </ul>
      }
      actions={
        <>
          {(status === 'RUNNING' || state.feed === 'reconnecting') && <FeedBadge state={state.feed} />}
          {status !== 'FINISHED' && (
            <button type="button" className="button" onClick={() => onDialog('enqueue')} data-testid="enqueue">
              <PlusIcon />
              Enqueue a trial
            </button>
          )}
          <button
            type="button"
            className={status === 'FINISHED' ? 'button is-primary' : 'button'}
            onClick={() => onDialog('extend')}
            data-testid="extend"
          >
            Extend
          </button>
          {status === 'RUNNING' && <StopButton state={state} store={store} />}
          {status === 'STOPPED' && <ResumeButton state={state} store={store} />}
        </>
      }
    />
  )
}
