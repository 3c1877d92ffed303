/** The console as a React component. It mounts into a shadow root, so the application's styles and the console's stay apart. */
import { type ReactElement, useEffect, useRef } from 'react'
import { type ConsoleOptions, type MountedConsole, mountConsole } from './embed/mount.tsx'

export type { ConsoleOptions, Theme } from './embed/mount.tsx'

export interface SporeprintConsoleProps extends ConsoleOptions {
  className?: string
}

export function SporeprintConsole({ className, ...options }: SporeprintConsoleProps): ReactElement {
  const element = useRef<HTMLDivElement>(null)
  const mounted = useRef<MountedConsole | null>(null)
  const latest = useRef(options)
  latest.current = options
  const { endpoint, streamEndpoint, getToken, theme, onThemeChange, view } = options

  useEffect(() => {
    if (!element.current) return
    mounted.current = mountConsole(element.current, latest.current)
    return () => {
      mounted.current?.unmount()
      mounted.current = null
    }
  }, [])

  useEffect(() => {
    mounted.current?.update({ endpoint, streamEndpoint, getToken, theme, onThemeChange })
  }, [endpoint, streamEndpoint, getToken, theme, onThemeChange])

  useEffect(() => {
    if (view) mounted.current?.update({ view })
  }, [view])

  return <div ref={element} className={className} />
}
