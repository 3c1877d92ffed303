/** The best so far and how sure it is, and what of the budget is spent. */
import type { ReactElement } from 'react'
import { compareWithBaseline } from '../../core/baseline.ts'
import type { StudyState } from '../../core/documents.types.ts'
import { formatCount, formatCountOf, formatDuration } from '../../core/format.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { Figure } from '../facts.tsx'
import { ProgressBar } from '../parts.tsx'

export function StudySummaryPanel({ study }: { study: StudyState }): ReactElement {
  const { budget, spent, counts, status } = study
  const ended = counts.complete + counts.pruned + counts.failed
  return (
    <section className="panel summary" aria-label="Summary">
      {status === 'RUNNING' && (
        <div className="progress" data-testid="progress">
          <p className="progress-line">
            <strong>{headline(study)}</strong>
            <span className="muted">
              {formatCount(ended)} ended, {formatCount(counts.paused)} paused, {formatCount(counts.waiting)} waiting
            </span>
          </p>
          <ProgressBar done={shareSpent(study)} total={1} label="Budget spent" />
        </div>
      )}
      <dl className="figures">
        <BestFigure study={study} />
        <BaselineFigure study={study} />
        {study.finalScore && <FinalFigure study={study} />}
        <Figure
          name="Trials"
          value={ofBudget(spent.trials, budget.trials)}
          note={`${formatCount(counts.complete)} complete, ${formatCount(counts.pruned)} pruned${counts.failed > 0 ? `, ${formatCount(counts.failed)} failed` : ''}`}
        />
        <Figure name="Epochs" value={ofBudget(spent.epochs, budget.epochs)} note="of all trials" />
        <Figure
          name="Time"
          value={formatDuration(spent.hours * 3600)}
          note={budget.hours === null ? undefined : `of ${formatDuration(budget.hours * 3600)}`}
        />
      </dl>
    </section>
  )
}

function headline({ counts, rateSearch }: StudyState): string {
  if (rateSearch?.settled === false) return 'A range test looks for the learning rate'
  if (counts.running === 1) return 'One trial is training'
  return counts.running > 1 ? `${formatCount(counts.running)} trials are training` : 'The winner is trained anew'
}

/** Of whichever limit is nearest. */
function shareSpent({ budget, spent }: StudyState): number {
  const shares = (['trials', 'epochs', 'hours'] as const).map((name) => spent[name] / (budget[name] ?? Infinity))
  return Math.min(1, Math.max(...shares))
}

const ofBudget = (spent: number, limit: number | null): string =>
  limit === null ? formatCount(spent) : `${formatCount(spent)} of ${formatCount(limit)}`

function BestFigure({ study }: { study: StudyState }): ReactElement | null {
  const { best, bestInterval, objectives, paretoFront } = study
  const [objective] = objectives
  if (!objective) return null
  const { metric } = objective
  const interval =
    bestInterval &&
    `95%: ${formatObjective(metric, bestInterval.low)} to ${formatObjective(metric, bestInterval.high)}, ${formatCount(bestInterval.n)} images`
  return (
    <Figure
      name={
        objectives.length > 1
          ? `${metricLabels[metric]}, first of ${paretoFront.length} on the front`
          : `Best ${metricLabels[metric].toLowerCase().replace('f1', 'F1')}`
      }
      value={formatObjective(metric, best?.values?.[0])}
      note={best ? [`trial ${best.number}`, interval].filter(Boolean).join(' · ') : 'no trial is complete yet'}
      testId="best"
    />
  )
}

/** By how much the best beats what one would have trained without a search. */
function BaselineFigure({ study }: { study: StudyState }): ReactElement | null {
  const compared = compareWithBaseline(study)
  if (!compared) return null
  const { gain, baseline, withinNoise } = compared
  return (
    <Figure
      name="Against the baseline"
      value={gain ?? 'no gain'}
      note={gain === null ? 'no trial beats it' : `trial 0 has ${baseline}${withinNoise ? ' · within noise' : ''}`}
      testId="baseline-gain"
    />
  )
}

function FinalFigure({ study }: { study: StudyState }): ReactElement | null {
  const { finalScore, objectives } = study
  const [objective] = objectives
  if (!finalScore || !objective) return null
  const { mean, deviation, split, n, seeds } = finalScore
  const spread = deviation === null ? '' : ` ± ${formatObjective(objective.metric, deviation)}`
  return (
    <Figure
      name={split === 'test' ? 'On the test split' : 'Trained anew'}
      value={`${formatObjective(objective.metric, mean)}${spread}`}
      note={`${formatCountOf(seeds, 'seed')}, ${formatCountOf(n, 'image')}`}
      testId="final-score"
    />
  )
}
