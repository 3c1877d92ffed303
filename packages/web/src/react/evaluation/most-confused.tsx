/** The most frequent mistakes, each with the worst of its images where it is opened. */
import { type ReactElement, useState } from 'react'
import { type ConfusedPair, type Evaluation, type Subjects, subjectsOf } from '../../core/evaluation-store.ts'
import { formatCount } from '../../core/format.ts'
import { Heads } from '../table.tsx'
import { Samples } from './samples.tsx'

export function MostConfused(props: {
  evaluation: Evaluation
  /** Of which they are images; null where no model is there to explain them. */
  dataset: string | null
  /** Whether a question is on its way. */
  asking: boolean
  onExplain: (which: Subjects) => void
}): ReactElement | null {
  const { evaluation, dataset, asking, onExplain } = props
  const [opened, open] = useState<string | null>(null)
  const { mostConfused } = evaluation
  if (mostConfused.length === 0) return null
  const shown = mostConfused.find((pair) => keyOf(pair) === opened)
  return (
    <>
      <div className="table-scroll">
        <table aria-label="Most confused">
          <caption>Most confused</caption>
          <thead>
            <tr>
              <Heads of={['Actual', 'Predicted']} />
              <Heads of={['Images']} numbers />
              <td />
            </tr>
          </thead>
          <tbody>
            {mostConfused.slice(0, 10).map((pair) => (
              <PairRow
                key={keyOf(pair)}
                pair={pair}
                opened={pair === shown}
                onToggle={() => open(pair === shown ? null : keyOf(pair))}
              />
            ))}
          </tbody>
        </table>
      </div>
      {shown && (
        <Samples
          title={`${shown.actual} taken for ${shown.predicted}: the worst ${shown.images.length} of ${formatCount(shown.count)}`}
          samples={shown.images}
          testId="confused"
          actions={
            dataset !== null && (
              <button
                type="button"
                className="button"
                disabled={asking}
                data-testid="explain-pair"
                onClick={() => onExplain(subjectsOf(shown, dataset))}
              >
                Explain these
              </button>
            )
          }
        />
      )}
    </>
  )
}

const keyOf = ({ actual, predicted }: ConfusedPair): string => JSON.stringify([actual, predicted])

function PairRow(props: { pair: ConfusedPair; opened: boolean; onToggle: () => void }): ReactElement {
  const { pair, opened, onToggle } = props
  const { actual, predicted, count, images } = pair
  return (
    <tr data-testid="confused-row">
      <td>{actual}</td>
      <td>{predicted}</td>
      <td className="number">{formatCount(count)}</td>
      <td>
        {images.length > 0 && (
          <button type="button" className="button is-quiet" aria-expanded={opened} onClick={onToggle}>
            {opened ? 'Hide' : 'Show'}
            <span className="visually-hidden">
              {' '}
              {actual} taken for {predicted}
            </span>
          </button>
        )}
      </td>
    </tr>
  )
}
