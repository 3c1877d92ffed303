/** Lists of names and values. */
import type { ReactElement, ReactNode } from 'react'

export type Fact = readonly [name: string, value: ReactNode]

/** What was set, or found, a line each. */
export function Facts({ facts }: { facts: readonly Fact[] }): ReactElement {
  return (
    <dl className="config panel-body">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** One of the few numbers that a page begins with. */
export function Figure(props: {
  name: string
  value: string
  note?: string | undefined
  testId?: string
}): ReactElement {
  return (
    <div data-testid={props.testId}>
      <dt>{props.name}</dt>
      <dd>
        {props.value}
        {props.note && <div className="figure-note">{props.note}</div>}
      </dd>
    </div>
  )
}
