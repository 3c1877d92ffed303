/**
 * One thing of the server, live: the whole is read, and followed from there by one subscription. A server that does not answer is
 * asked again for as long as it takes, and the whole is read anew when the connection was lost and is back.
 */
import type { FeedHandlers, FeedState } from './api.ts'
import { ApiError, asApiError } from './errors.ts'
import type { Store } from './store.ts'

export interface LiveState<Action extends string> {
  phase: 'loading' | 'ready' | 'missing'
  feed: FeedState
  /** What keeps the page from being current; the last known state stays on view. */
  error: ApiError | null
  /** The mutation that is under way. */
  action: Action | null
  actionError: ApiError | null
}

interface LiveSource<Whole, Data> {
  /** null where there is no such thing, or no longer. @throws {ApiError} */
  read(): Promise<Whole | null>
  show(whole: Whole): void
  follow(handlers: FeedHandlers<Data>): () => void
  update(data: Data): void
}

interface LiveObject<Action extends string> {
  /** Reads and follows, also after a failure. */
  open(): Promise<void>
  /** @returns whether there is something to follow */
  load(): Promise<boolean>
  /** Does what a button asks for, with the state that the button shows; false where it was refused. */
  act(action: Action, mutation: () => Promise<{ __typename: string; message?: string }>): Promise<boolean>
  readonly closed: boolean
  close(): void
}

export const newlyOpened: LiveState<never> = {
  phase: 'loading',
  feed: 'connecting',
  error: null,
  action: null,
  actionError: null,
}

const retryMs = 1500

export function openLive<Action extends string, Whole, Data>(
  store: Store<LiveState<Action>>,
  source: LiveSource<Whole, Data>,
): LiveObject<Action> {
  let closed = false
  let endFeed = (): void => {}
  /** Counts openings, so that of two that overlap only the later one leads to a subscription. */
  let opening = 0

  async function open(): Promise<void> {
    endFeed()
    const mine = ++opening
    if (!(await load()) || closed || mine !== opening) return
    endFeed = source.follow({
      onData: (data) => source.update(data),
      onState(feed) {
        const before = store.get().feed
        store.set({ feed })
        if (feed === 'live' && before === 'reconnecting') void load()
      },
      onError: (error) => store.set({ error }),
    })
  }

  async function load(): Promise<boolean> {
    try {
      const whole = await source.read()
      if (closed) return false
      if (whole === null) return missing()
      source.show(whole)
      store.set({ phase: 'ready', error: null })
      return true
    } catch (cause) {
      if (closed) return false
      const error = asApiError(cause)
      // The id is all that was given: none such can be, as in an address that was mistyped.
      if (error.code === 'BAD_USER_INPUT') return missing()
      store.set({ error, feed: 'reconnecting' })
      setTimeout(() => !closed && void open(), retryMs)
      return false
    }
  }

  function missing(): false {
    endFeed()
    store.set({ phase: 'missing', error: null, feed: 'closed' })
    return false
  }

  async function act(
    action: Action,
    mutation: () => Promise<{ __typename: string; message?: string }>,
  ): Promise<boolean> {
    store.set({ action, actionError: null })
    try {
      const { message } = await mutation()
      if (message !== undefined) throw new ApiError('REFUSED', message)
      await load()
      store.set({ action: null })
      return true
    } catch (error) {
      store.set({ action: null, actionError: asApiError(error) })
      return false
    }
  }

  void open()
  return {
    open,
    load,
    act,
    get closed() {
      return closed
    },
    close() {
      closed = true
      endFeed()
    },
  }
}
