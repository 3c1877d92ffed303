/** The list of studies: live, newest first. */
import { type ReactElement, useCallback } from 'react'
import type { StudySummary } from '../../core/documents.types.ts'
import { formatAgo, formatArch, formatCount, formatDateTime } from '../../core/format.ts'
import { createStudyList } from '../../core/lists.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { useConsole, useNow, useOwnedStore } from '../context.ts'
import { FirstOne, ListHead, LiveList } from '../live-list.tsx'
import { ProgressBar, ViewLink } from '../parts.tsx'
import { Heads } from '../table.tsx'
import { StudyPill } from './state-pills.tsx'

export function StudiesView(): ReactElement {
  const { api, router } = useConsole()
  const store = useOwnedStore(useCallback(() => createStudyList(api), [api]))
  const start = useCallback(() => router.go({ name: 'new-study' }), [router])
  return (
    <>
      <ListHead title="Studies" start="Start a study" testId="start-study" onStart={start} />
      {store && (
        <LiveList
          store={store}
          names={['study', 'studies']}
          table={(studies) => <StudiesTable studies={studies} />}
          empty={
            <FirstOne title="No studies yet" start="Start your first study" onStart={start}>
              A study searches for the settings with which a network learns a dataset best: many trials, of which the
              poor ones are stopped early. Start one here, or with <code>startStudy</code> through GraphQL.
            </FirstOne>
          }
        />
      )}
    </>
  )
}

function StudiesTable({ studies }: { studies: readonly StudySummary[] }): ReactElement {
  const now = useNow(15_000)
  return (
    <div className="table-scroll runs-table">
      <table aria-label="Studies">
        <thead>
          <tr>
            <Heads of={['Name', 'Status', 'Dataset', 'Network', 'Trials']} />
            <Heads of={['Best', 'Epochs', 'Started']} numbers />
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <StudyRow key={study.id} study={study} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function StudyRow({ study, now }: { study: StudySummary; now: number }): ReactElement {
  const { best, objectives, spent } = study
  const [objective] = objectives
  return (
    <tr data-testid="study-row">
      <th scope="row" className="run-name">
        <ViewLink to={{ name: 'study', id: study.id }} className="run-link">
          {study.name}
        </ViewLink>
      </th>
      <td className="run-status" data-label="Status">
        <StudyPill status={study.status} />
      </td>
      <td data-label="Dataset">{study.dataset.name}</td>
      <td data-label="Network">{formatArch(study.config.arch)}</td>
      <td data-label="Trials">
        <TrialsDone study={study} />
      </td>
      <td className={best ? 'number' : 'number is-empty muted'} data-label="Best">
        {best && objective ? (
          <>
            {formatObjective(objective.metric, best.values?.[0])}{' '}
            <span className="muted">{metricLabels[objective.metric]}</span>
          </>
        ) : (
          '–'
        )}
      </td>
      <td className="number" data-label="Epochs">
        {formatCount(spent.epochs)}
      </td>
      <td className="number" data-label="Started">
        <time dateTime={study.createdAt} title={formatDateTime(study.createdAt)}>
          {formatAgo(study.createdAt, now)}
        </time>
      </td>
    </tr>
  )
}

function TrialsDone({ study }: { study: StudySummary }): ReactElement {
  const { counts, budget, status } = study
  const ended = counts.complete + counts.pruned + counts.failed + counts.paused
  const total = budget.trials ?? Math.max(ended + counts.running + counts.waiting, 1)
  return (
    <div className="epochs-cell">
      <ProgressBar
        done={ended}
        total={total}
        label={`${study.name}: ${ended} of ${total} trials`}
        color={status === 'RUNNING' ? '--sp-busy' : status === 'FINISHED' ? '--sp-good' : '--sp-line-strong'}
      />
      <span>{budget.trials === null ? formatCount(ended) : `${ended}/${total}`}</span>
    </div>
  )
}
