import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { Api } from '../core/api.ts'
import type { ReadableStore } from '../core/store.ts'
import type { Router } from '../core/view.ts'

export interface ConsoleServices {
  api: Api
  router: Router
  /** Changes whenever colours may have changed, so that canvases draw again. */
  colorKey: string
}

export const ConsoleContext: React.Context<ConsoleServices | null> = createContext<ConsoleServices | null>(null)

export function useConsole(): ConsoleServices {
  const services = useContext(ConsoleContext)
  if (!services) throw new Error('useConsole: rendered outside ConsoleApp')
  return services
}

export function useStoreState<T>(store: ReadableStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}

/**
 * A store that lives as long as `create` stays the same function. It is created in an effect, since a render may happen
 * without ever being shown, and a store holds a subscription.
 */
export function useOwnedStore<S extends { close(): void }>(create: () => S): S | null {
  const [store, setStore] = useState<S | null>(null)
  useEffect(() => {
    const created = create()
    setStore(created)
    return () => created.close()
  }, [create])
  return store
}

/** The time, renewed every `everyMs`, for “5 min ago”. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
