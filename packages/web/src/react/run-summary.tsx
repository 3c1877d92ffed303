/** Progress with rate and time left while a run is active, and the figures of its best epoch. */
import type { ReactElement } from 'react'
import { formatCount, formatDuration, formatImagesPerSecond, formatNumber, formatPercent } from '../core/format.ts'
import { isActive } from '../core/run-status.ts'
import type { RunDetails } from '../core/run-store.ts'
import { Figure } from './facts.tsx'
import { ProgressBar } from './parts.tsx'

export function RunSummaryPanel({ run }: { run: RunDetails }): ReactElement | null {
  if (!isActive(run.status) && run.epochs.length === 0) return null
  return (
    <section className="panel summary" aria-label="Summary">
      {isActive(run.status) && <Progress run={run} />}
      <Figures run={run} />
    </section>
  )
}

function Progress({ run }: { run: RunDetails }): ReactElement {
  const { progress } = run
  if (!progress) {
    return (
      <div className="progress" data-testid="progress">
        <p className="progress-line">
          <strong>{run.status === 'QUEUED' ? 'Waiting for a worker' : 'Starting'}</strong>
        </p>
        <ProgressBar done={0} total={1} label="Training progress" />
      </div>
    )
  }
  const { stage, done, total } = progress
  return (
    <div className="progress" data-testid="progress">
      <p className="progress-line">
        <strong>{headline(run)}</strong>
        <span className="muted">
          {stage === 'training' ? 'step ' : ''}
          {formatCount(done)} of {formatCount(total)}
        </span>
        {progress.imagesPerSecond != null && (
          <span className="muted">{formatImagesPerSecond(progress.imagesPerSecond)} images/s</span>
        )}
        {progress.secondsLeft != null && (
          <span className="progress-left">{formatDuration(progress.secondsLeft)} left</span>
        )}
      </p>
      <ProgressBar done={done} total={total} label="Training progress" />
    </div>
  )
}

function headline({ progress, config }: RunDetails): string {
  switch (progress?.stage) {
    case 'images':
      return 'Reading images'
    case 'pipelines':
      // The first step runs once all are compiled, and is the slowest by far.
      return progress.done < progress.total ? 'Compiling pipelines' : 'Running the first step'
    default:
      return `Epoch ${(progress?.epoch ?? 0) + 1} of ${config.epochs + config.freezeEpochs}`
  }
}

function Figures({ run }: { run: RunDetails }): ReactElement {
  const best = run.epochs.find((epoch) => epoch.epoch === run.best?.epoch)
  const latest = run.epochs.at(-1)
  return (
    <dl className="figures">
      <Figure
        name="Best valid loss"
        value={formatNumber(best?.validLoss)}
        note={best ? `epoch ${best.epoch + 1}` : 'after the first epoch'}
      />
      <Figure name="Accuracy" value={formatPercent(best?.accuracy)} note={best && 'of the best epoch'} />
      <Figure name="F1 weighted" value={formatNumber(best?.f1Weighted, 3)} />
      <Figure name="F1 macro" value={formatNumber(best?.f1Macro, 3)} />
      <Figure
        name="Train loss"
        value={formatNumber(latest?.trainLoss)}
        note={latest && `epoch ${latest.epoch + 1}, latest`}
      />
    </dl>
  )
}
