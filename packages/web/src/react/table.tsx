/** Parts of tables. */
import { Fragment, type ReactElement } from 'react'

/** Heads of columns, of numbers if so said: those stand to the right. */
export function Heads({ of, numbers = false }: { of: readonly string[]; numbers?: boolean }): ReactElement {
  return (
    <Fragment>
      {of.map((name) => (
        <th key={name} scope="col" className={numbers ? 'number' : undefined}>
          {name}
        </th>
      ))}
    </Fragment>
  )
}

/** Where a value lies with some certainty, in brackets; nothing where that is not known. */
export function Interval(props: {
  low: number | null | undefined
  high: number | null | undefined
  format: (value: number) => string
}): ReactElement | null {
  const { low, high, format } = props
  if (low == null || high == null) return null
  return (
    <span className="interval">
      [{format(low)}, {format(high)}]
    </span>
  )
}

/** A share of one as a bar, with its number. */
export function Score(props: { share: number; text: string; wide?: boolean }): ReactElement {
  return (
    <span className={props.wide ? 'score is-wide' : 'score'}>
      <span className="bar" aria-hidden="true">
        <span style={{ width: `${props.share * 100}%` }} />
      </span>
      {props.text}
    </span>
  )
}
