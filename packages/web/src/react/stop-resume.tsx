/** The buttons that stop what goes on, and let it go on again. */
import type { ReactElement } from 'react'
import { ResumeIcon, StopIcon } from './icons.tsx'

interface StopResumeProps {
  state: { action: string | null }
  store: { stop(): Promise<boolean>; resume(): Promise<boolean> }
}

export function StopButton({ state, store }: StopResumeProps): ReactElement {
  const stopping = state.action === 'stopping'
  return (
    <button type="button" className="button" disabled={stopping} onClick={() => void store.stop()} data-testid="stop">
      <StopIcon />
      {stopping ? 'Stopping…' : 'Stop'}
    </button>
  )
}

export function ResumeButton({ state, store }: StopResumeProps): ReactElement {
  const resuming = state.action === 'resuming'
  return (
    <button
      type="button"
      className="button is-primary"
      disabled={resuming}
      onClick={() => void store.resume()}
      data-testid="resume"
    >
      <ResumeIcon />
      {resuming ? 'Resuming…' : 'Resume'}
    </button>
  )
}
