/**
 * News of runs, from whoever wrote it to whoever watches. Every writer says it by NOTIFY inside its transaction, so that it
 * is heard when it can be read and not before, on PGlite as on PostgreSQL, in this process as in any other.
 */
import { EventEmitter } from 'node:events'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { Inbox } from './inbox.ts'

export const channel = 'sporeprint_runs'

export interface RunMessage {
  kind: 'created' | 'updated' | 'stopped' | 'deleted'
  runId: number
}

/** Says that a run has changed, once the transaction commits. */
export async function announce(tx: Database, kind: RunMessage['kind'], runId: number): Promise<void> {
  await tx.execute(sql`select pg_notify(${channel}, ${`${kind} ${runId}`})`)
}

/** Later news of the same run within one reading: a run that was created and updated is still news to the reader. */
const merged = (before: RunMessage | undefined, now: RunMessage): RunMessage =>
  before?.kind === 'created' && now.kind !== 'deleted' ? before : now

export class Live {
  readonly #messages = new EventEmitter<{ message: [RunMessage]; gap: []; close: [] }>()
  #closed = false

  constructor() {
    // One listener for every open subscription.
    this.#messages.setMaxListeners(0)
  }

  /** Takes the payload of a notification. */
  receive(payload: string): void {
    const [kind, runId] = payload.split(' ')
    this.#messages.emit('message', { kind, runId: Number(runId) } as RunMessage)
  }

  /** Says that notifications may have been missed: those who follow one run look again. */
  gap(): void {
    this.#messages.emit('gap')
  }

  /** Calls back for every message, until the function returned is called. */
  listen(heard: (message: RunMessage) => void): () => void {
    this.#messages.on('message', heard)
    return () => this.#messages.off('message', heard)
  }

  /** Every change of any run; a slow reader gets the latest news of each run, not a growing queue. */
  all(): Inbox<number, RunMessage> {
    return this.#open((inbox) =>
      this.listen((message) => inbox.put(message.runId, merged(inbox.waiting(message.runId), message))),
    )
  }

  /** One run: a first item at once, then one after every change, until the run is deleted. */
  of<Item>(runId: number, item: (runId: number) => Item): Inbox<number, Item> {
    return this.#open((inbox) => {
      const put = () => inbox.put(runId, item(runId))
      put()
      this.#messages.on('gap', put)
      const unlisten = this.listen((message) => {
        if (message.runId !== runId) return
        if (message.kind === 'deleted') inbox.end()
        else put()
      })
      return () => {
        unlisten()
        this.#messages.off('gap', put)
      }
    })
  }

  #open<Item>(connect: (inbox: Inbox<number, Item>) => () => void): Inbox<number, Item> {
    const inbox = new Inbox<number, Item>(() => {
      disconnect()
      this.#messages.off('close', end)
    })
    const end = () => inbox.end()
    const disconnect = connect(inbox)
    this.#messages.on('close', end)
    if (this.#closed) end()
    return inbox
  }

  /** Ends every subscription. */
  close(): void {
    this.#closed = true
    this.#messages.emit('close')
  }
}
