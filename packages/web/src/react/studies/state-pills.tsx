import type { ReactElement } from 'react'
import type { RunStatus, StudyStatus, TrialState } from '../../core/documents.types.ts'
import { studyStatusLabels, trialStateLabels } from '../../core/study-names.ts'
import { Pill } from '../parts.tsx'

const studyLooks: Record<StudyStatus, RunStatus> = { RUNNING: 'RUNNING', STOPPED: 'STOPPED', FINISHED: 'SUCCEEDED' }

export function StudyPill({ status }: { status: StudyStatus }): ReactElement {
  return <Pill look={studyLooks[status]} label={studyStatusLabels[status]} testId="study-status" />
}

const trialLooks: Record<TrialState, RunStatus> = {
  waiting: 'QUEUED',
  running: 'RUNNING',
  paused: 'PAUSED',
  pruned: 'QUEUED',
  complete: 'SUCCEEDED',
  failed: 'FAILED',
}

export function TrialPill({ state }: { state: TrialState }): ReactElement {
  return <Pill look={trialLooks[state]} label={trialStateLabels[state]} testId="trial-state" />
}
