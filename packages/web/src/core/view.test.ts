import { expect, test } from 'vitest'
import { memoryRouter, type View, viewFromHash, viewToHash } from './view.ts'

const views: [string, View][] = [
  ['#/runs', { name: 'runs', status: undefined }],
  ['#/runs?status=active', { name: 'runs', status: 'active' }],
  ['#/new', { name: 'new-run' }],
  ['#/runs/UnVuOjEy%3D%2F', { name: 'run', id: 'UnVuOjEy=/' }],
  ['#/studies', { name: 'studies' }],
  ['#/new-study', { name: 'new-study' }],
  ['#/studies/U3R1ZHk6MQ%3D%3D', { name: 'study', id: 'U3R1ZHk6MQ==' }],
  ['#/runs/UnVuOjEy%3D/predict', { name: 'predict', run: 'UnVuOjEy=' }],
  ['#/runs/UnVuOjEy%3D/explanations', { name: 'explanations', run: 'UnVuOjEy=', job: undefined }],
  ['#/runs/UnVuOjEy%3D/explanations?job=Sm9iOjE%3D', { name: 'explanations', run: 'UnVuOjEy=', job: 'Sm9iOjE=' }],
]

test.each(views)('%s names its view, and the view its address', (hash, view) => {
  expect(viewFromHash(hash)).toEqual(view)
  expect(viewToHash(view)).toBe(hash)
})

test.each(['', '#', '#/nowhere', '#/runs?status=bogus', '#/runs/a/b'])(
  '“%s” falls back to the list of runs',
  (hash) => {
    expect(viewFromHash(hash)).toEqual({ name: 'runs', status: undefined })
  },
)

test('a broken escape in an address is taken as it stands', () => {
  expect(viewFromHash('#/runs/%E0%A4%A')).toEqual({ name: 'run', id: '%E0%A4%A' })
})

test('a router in memory tells its listeners, and no longer once they have left', () => {
  const router = memoryRouter({ name: 'runs' })
  const seen: string[] = []
  const leave = router.subscribe(() => seen.push(router.get().name))
  router.go({ name: 'new-run' })
  leave()
  router.go({ name: 'runs' })
  expect(seen).toEqual(['new-run'])
})
