import { expect, test } from 'vitest'
import { applyEvent, type Listed } from './live-list.ts'

interface Row extends Listed {
  state?: string
}

const row = (id: string, minute: number, state?: string): Row => ({
  id,
  createdAt: `2026-11-23T12:${String(minute).padStart(2, '0')}:00.000Z`,
  ...(state && { state }),
})

const list = (rows: readonly Row[], next: string | null = null) => ({
  items: rows,
  totalCount: rows.length + (next === null ? 0 : 40),
  next,
})

const ids = ({ items }: { items: readonly Row[] }): string[] => items.map(({ id }) => id)

test('what is new comes first', () => {
  const after = applyEvent(list([row('a', 1)]), { id: 'b', item: row('b', 2) })
  expect(ids(after)).toEqual(['b', 'a'])
  expect(after.totalCount).toBe(2)
})

test('what has changed is replaced where it stands', () => {
  const after = applyEvent(list([row('b', 2), row('a', 1)]), { id: 'a', item: row('a', 1, 'done') })
  expect(after).toEqual(list([row('b', 2), row('a', 1, 'done')]))
})

test('what is gone goes, and is counted no more; what was never listed is no loss', () => {
  expect(applyEvent(list([row('b', 2), row('a', 1)]), { id: 'b', item: null })).toEqual(list([row('a', 1)]))
  expect(applyEvent(list([row('a', 1)]), { id: 'z', item: null })).toEqual(list([row('a', 1)]))
})

test('an old one that belongs to the list again, as a stopped run that goes on, comes back to its place', () => {
  const shown = [row('c', 9), row('a', 1)]
  expect(ids(applyEvent(list(shown), { id: 'b', item: row('b', 5) }))).toEqual(['c', 'b', 'a'])
  expect(ids(applyEvent(list(shown), { id: 'z', item: row('z', 0) }))).toEqual(['c', 'a', 'z'])
})

test('one of a page that is not loaded does not appear out of turn', () => {
  const before = list([row('b', 5)], 'cursor')
  expect(applyEvent(before, { id: 'z', item: row('z', 1) })).toEqual(before)
})
