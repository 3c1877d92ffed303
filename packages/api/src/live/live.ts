/**
 * News of what changes, from whoever wrote it to whoever watches. Every writer says it by NOTIFY inside its transaction, so that
 * it is heard when it can be read and not before, on PGlite as on PostgreSQL, in this process as in any other.
 */
import { EventEmitter } from 'node:events'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { Inbox } from './inbox.ts'

export const channel = 'sporeprint'

/** What there is news of. */
export type Subject = 'run' | 'job' | 'study'

export interface Message {
  subject: Subject
  kind: 'created' | 'updated' | 'stopped' | 'deleted'
  id: number
}

/** Says that something has changed, once the transaction commits. */
export async function announce(tx: Database, subject: Subject, kind: Message['kind'], id: number): Promise<void> {
  await tx.execute(sql`select pg_notify(${channel}, ${`${subject} ${kind} ${id}`})`)
}

/** Later news of the same thing within one reading: a run that was created and updated is still news to the reader. */
const merged = (before: Message | undefined, now: Message): Message =>
  before?.kind === 'created' && now.kind !== 'deleted' ? before : now

export class Live {
  readonly #messages = new EventEmitter<{ message: [Message]; gap: []; close: [] }>()
  #closed = false

  constructor() {
    // One listener for every open subscription.
    this.#messages.setMaxListeners(0)
  }

  /** Takes the payload of a notification. */
  receive(payload: string): void {
    const [subject, kind, id] = payload.split(' ')
    this.#messages.emit('message', { subject, kind, id: Number(id) } as Message)
  }

  /** Says that notifications may have been missed: those who follow one thing look again. */
  gap(): void {
    this.#messages.emit('gap')
  }

  /** Calls back for every message, until the function returned is called. */
  listen(heard: (message: Message) => void): () => void {
    this.#messages.on('message', heard)
    return () => this.#messages.off('message', heard)
  }

  /** Every change of any run, or job; a slow reader gets the latest news of each, not a growing queue. */
  all(subject: Subject): Inbox<number, Message> {
    return this.#open((inbox) =>
      this.listen((message) => {
        if (message.subject === subject) inbox.put(message.id, merged(inbox.waiting(message.id), message))
      }),
    )
  }

  /** One run, or job: a first item at once, then one after every change, until it is deleted. */
  of<Item>(subject: Subject, id: number, item: (id: number) => Item): Inbox<number, Item> {
    return this.#open((inbox) => {
      const put = () => inbox.put(id, item(id))
      put()
      this.#messages.on('gap', put)
      const unlisten = this.listen((message) => {
        if (message.subject !== subject || message.id !== id) return
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
