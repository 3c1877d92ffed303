/** What is searched, and how. */
import type { ReactElement } from 'react'
import type { StudyState } from '../../core/documents.types.ts'
import { formatCountOf } from '../../core/format.ts'
import { formatParameter, formatRange, formatValue } from '../../core/parameters.ts'
import { metricLabels, prunerLabels, samplerLabels } from '../../core/study-names.ts'
import { type Fact, Facts } from '../facts.tsx'
import { Panel } from '../parts.tsx'

function describeRate(search: StudyState['rateSearch']): [string, string][] {
  if (!search) return []
  if (!search.settled) return [['Range test', 'under way; trials begin after it']]
  if (search.rate === null) return [['Range test', 'suggests no rate']]
  return [['Range test', `suggests ${formatParameter(search.rate)}${search.low === null ? ', out of the space' : ''}`]]
}

export function StudyFacts({ study }: { study: StudyState }): ReactElement {
  const { space, objectives, rungs, sizes } = study
  const facts: Fact[] = [
    ...space.map(({ name, ...parameter }): [string, string] => {
      const { when } = parameter
      const condition = when ? `, where ${when.parameter} is ${when.is.map(formatValue).join(' or ')}` : ''
      return [name, `${formatRange({ name, ...parameter })}${condition}`]
    }),
    ['Searched for', objectives.map(({ metric, direction }) => `${metricLabels[metric]}, ${direction}`).join('; ')],
    ['Sampler', samplerLabels[study.sampler.kind]],
    ['Baseline', study.baseline ? 'trial 0, the settings as they are' : 'none'],
    ['Pruner', prunerLabels[study.pruner.kind]],
    [rungs.length > 1 ? 'Rungs, in epochs' : 'Epochs of a trial', rungs.join(', ')],
    ...(rungs.length > 1
      ? [['Schedule', study.restarts ? 'begins anew at each rung' : 'one over all epochs'] as const]
      : []),
    ...(sizes.length > 0 ? [['Smaller images first', `${sizes.join(', ')} px`] as const] : []),
    ...describeRate(study.rateSearch),
    ['Folds', study.folds],
    ['At the same time', study.parallel ?? 'as many as workers do'],
    ['Winner trained anew', study.finalSeeds === 0 ? 'no' : `under ${formatCountOf(study.finalSeeds, 'seed')}`],
  ]
  return (
    <Panel title="Search" testId="study-facts">
      <Facts facts={facts} />
      {study.notes && <p className="placeholder">{study.notes}</p>}
    </Panel>
  )
}
