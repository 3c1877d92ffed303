/** Where the reader is. The hosted page keeps it in the URL's hash, an embedded console in memory. */
export const statusFilters = ['all', 'active', 'succeeded', 'stopped', 'failed'] as const
export type StatusFilter = (typeof statusFilters)[number]

export type View =
  | { name: 'runs'; status?: StatusFilter | undefined }
  | { name: 'new-run' }
  | { name: 'run'; id: string }
  /** Images of one's own, classified by a run's best weights. */
  | { name: 'predict'; run: string }
  /** Why they say what they say: what one job has explained, or else the latest. */
  | { name: 'explanations'; run: string; job?: string | undefined }
  | { name: 'studies' }
  | { name: 'new-study' }
  | { name: 'study'; id: string }

/**
 * `#/runs?status=active`, `#/runs/<id>`, `#/runs/<id>/predict`, `#/runs/<id>/explanations?job=<id>`, `#/new`, `#/studies`,
 * `#/studies/<id>`, `#/new-study`.
 */
export function viewToHash(view: View): string {
  switch (view.name) {
    case 'runs':
      return view.status && view.status !== 'all' ? `#/runs?status=${view.status}` : '#/runs'
    case 'new-run':
      return '#/new'
    case 'run':
      return `#/runs/${encodeURIComponent(view.id)}`
    case 'predict':
      return `#/runs/${encodeURIComponent(view.run)}/predict`
    case 'explanations': {
      const path = `#/runs/${encodeURIComponent(view.run)}/explanations`
      return view.job === undefined ? path : `${path}?job=${encodeURIComponent(view.job)}`
    }
    case 'studies':
      return '#/studies'
    case 'new-study':
      return '#/new-study'
    case 'study':
      return `#/studies/${encodeURIComponent(view.id)}`
  }
}

/** The list of runs for anything that is not a view: an old or mistyped address still shows something useful. */
export function viewFromHash(hash: string): View {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?')
  if (path === '/new') return { name: 'new-run' }
  if (path === '/new-study') return { name: 'new-study' }
  if (path === '/studies') return { name: 'studies' }
  const study = /^\/studies\/([^/]+)$/.exec(path)?.[1]
  if (study !== undefined) return { name: 'study', id: decode(study) }
  const [, encoded, part] = /^\/runs\/([^/]+)(?:\/(predict|explanations))?$/.exec(path) ?? []
  if (encoded !== undefined) {
    const run = decode(encoded)
    if (part === 'predict') return { name: 'predict', run }
    if (part === undefined) return { name: 'run', id: run }
    return { name: 'explanations', run, job: new URLSearchParams(query).get('job') ?? undefined }
  }
  const status = new URLSearchParams(query).get('status')
  return { name: 'runs', status: statusFilters.find((known) => known === status) }
}

/** Holds the view and tells who listens; `hash` binds it to the address bar and so to the browser's back button. */
export interface Router {
  get(): View
  /** With `replace`, going back skips the view that is left: a form that has been sent, say. */
  go(view: View, how?: { replace: boolean }): void
  subscribe(listener: () => void): () => void
  destroy(): void
}

export function memoryRouter(initial: View): Router {
  let view = initial
  const listeners = new Set<() => void>()
  return {
    get: () => view,
    go(next) {
      view = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    destroy: () => listeners.clear(),
  }
}

export function hashRouter(window: Window, initial?: View): Router {
  const router = memoryRouter(window.location.hash === '' && initial ? initial : viewFromHash(window.location.hash))
  const onHashChange = (): void => router.go(viewFromHash(window.location.hash))
  window.addEventListener('hashchange', onHashChange)
  return {
    ...router,
    go(view, how) {
      const hash = viewToHash(view)
      if (how?.replace) window.history.replaceState(window.history.state, '', hash)
      else window.location.hash = hash
      // The event of a new hash follows later, and that of a replaced one never.
      router.go(view)
    },
    destroy() {
      window.removeEventListener('hashchange', onHashChange)
      router.destroy()
    },
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
