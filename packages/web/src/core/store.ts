/** A vanilla store: one immutable state, replaced by patches; views subscribe, nobody mutates. */
export interface ReadableStore<T> {
  get(): T
  /** Calls `listener` after every change; returns the function that ends it. */
  subscribe(listener: () => void): () => void
}

export interface Store<T> extends ReadableStore<T> {
  set(patch: Partial<T>): void
}

export function createStore<T extends object>(initial: T): Store<T> {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    set(patch) {
      state = { ...state, ...patch }
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
