/** The console's frame: services for the views below, the bar above them, and the view that the router names. */
import { type ReactElement, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Api } from '../core/api.ts'
import type { Router, View } from '../core/view.ts'
import { ConsoleContext } from './context.ts'
import { ExplanationsView } from './explain/explanations-view.tsx'
import { MoonIcon, SporeprintMark, SunIcon } from './icons.tsx'
import { ViewLink } from './parts.tsx'
import { PredictView } from './predict/predict-view.tsx'
import { RunView } from './run-view.tsx'
import { RunsView } from './runs-view.tsx'
import { StartRunDialog } from './start-run-dialog.tsx'
import { StartStudyDialog } from './studies/start-study-dialog.tsx'
import { StudiesView } from './studies/studies-view.tsx'
import { StudyView } from './studies/study-view.tsx'

type ThemeChoice = 'auto' | 'light' | 'dark'

interface ConsoleAppProps {
  api: Api
  router: Router
  theme: ThemeChoice
  onTheme: (theme: ThemeChoice) => void
}

export function ConsoleApp({ api, router, theme, onTheme }: ConsoleAppProps): ReactElement {
  const view = useSyncExternalStore(router.subscribe, router.get)
  const systemDark = useSystemDark()
  const dark = theme === 'dark' || (theme === 'auto' && systemDark)
  const services = useMemo(() => ({ api, router, colorKey: dark ? 'dark' : 'light' }), [api, router, dark])

  return (
    <ConsoleContext value={services}>
      <div className="shell" data-theme={theme}>
        <header className="topbar">
          <ViewLink to={{ name: 'runs' }} className="brand" label="Sporeprint: all runs">
            <SporeprintMark />
            Sporeprint
          </ViewLink>
          <nav className="topbar-nav" aria-label="Sections">
            <SectionLink to={{ name: 'runs' }} here={!inStudies(view)}>
              Runs
            </SectionLink>
            <SectionLink to={{ name: 'studies' }} here={inStudies(view)}>
              Studies
            </SectionLink>
          </nav>
          <div className="topbar-end">
            <button
              type="button"
              className="button is-quiet is-icon"
              aria-label={dark ? 'Use the light theme' : 'Use the dark theme'}
              onClick={() => onTheme(dark ? 'light' : 'dark')}
            >
              {dark ? <SunIcon /> : <MoonIcon />}
            </button>
          </div>
        </header>
        <main className="page">
          <CurrentView view={view} />
        </main>
        {view.name === 'new-run' && <StartRunDialog />}
        {view.name === 'new-study' && <StartStudyDialog />}
      </div>
    </ConsoleContext>
  )
}

const inStudies = ({ name }: View): boolean => name === 'studies' || name === 'study' || name === 'new-study'

function SectionLink(props: { to: View; here: boolean; children: string }): ReactElement {
  return (
    <ViewLink to={props.to} className={props.here ? 'section is-here' : 'section'}>
      {props.children}
    </ViewLink>
  )
}

function CurrentView({ view }: { view: View }): ReactElement {
  switch (view.name) {
    case 'run':
      return <RunView key={view.id} id={view.id} />
    case 'predict':
      return <PredictView key={view.run} run={view.run} />
    case 'explanations':
      return <ExplanationsView key={`${view.run} ${view.job}`} run={view.run} job={view.job} />
    case 'new-run':
      return <RunsView filter="all" />
    case 'studies':
    case 'new-study':
      return <StudiesView />
    case 'study':
      return <StudyView key={view.id} id={view.id} />
    case 'runs':
      return <RunsView filter={view.status ?? 'all'} />
  }
}

function useSystemDark(): boolean {
  const [query] = useState(() => window.matchMedia('(prefers-color-scheme: dark)'))
  const [dark, setDark] = useState(query.matches)
  useEffect(() => {
    const onChange = (): void => setDark(query.matches)
    query.addEventListener('change', onChange)
    return () => query.removeEventListener('change', onChange)
  }, [query])
  return dark
}
