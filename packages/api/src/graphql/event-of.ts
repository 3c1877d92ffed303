import type { Message } from '../live/live.ts'
import { builder } from './builder.ts'
import type { JobRef, RunRef, StudyRef } from './refs.ts'

const kinds = { created: 'CREATED', updated: 'UPDATED', stopped: 'UPDATED', deleted: 'DELETED' } as const

/** The type of the events of a subscription to all of a kind of node: RunEvent, with what has happened, an id and the `run`. */
export function eventOf(name: 'Run' | 'Job' | 'Study', ref: typeof RunRef | typeof JobRef | typeof StudyRef) {
  const thing = name.toLowerCase()
  const EventKind = builder.enumType(`${name}EventKind`, { values: ['CREATED', 'UPDATED', 'DELETED'] as const })
  return builder.objectRef<Message>(`${name}Event`).implement({
    description: `Something has happened to a ${thing}. Several changes in a short time may arrive as one event.`,
    fields: (t) => ({
      kind: t.field({ type: EventKind, resolve: ({ kind }) => kinds[kind] }),
      id: t.globalID({ resolve: ({ id }) => ({ type: ref, id }) }),
      [thing]: t.field({
        type: ref,
        nullable: true,
        description: 'null once it is deleted.',
        resolve: ({ kind, id }) => (kind === 'deleted' ? null : id),
      }),
    }),
  })
}
