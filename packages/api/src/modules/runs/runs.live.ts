/** Subscriptions to runs. */
import { builder } from '../../graphql/builder.ts'
import { eventOf } from '../../graphql/event-of.ts'
import { type Run, RunRef } from '../../graphql/refs.ts'
import { LiveCursor } from './series.ts'

const RunEvent = eventOf('Run', RunRef)

/** What runUpdated hands from its subscription to each event. */
interface Watched {
  runId: number
  cursor: LiveCursor | undefined
}

builder.subscriptionFields((t) => ({
  runs: t.field({
    type: RunEvent,
    description: 'Every change of any run.',
    subscribe: (_root, _args, { services }) => services.live.all('run'),
    resolve: (message) => message,
  }),
  runUpdated: t.field({
    type: RunRef,
    description: 'The run as it is now, then again after every change; it ends when the run is deleted.',
    args: {
      id: t.arg.globalID({ required: true, for: RunRef }),
      sinceStep: t.arg.int({
        description:
          'With it, `series` gives each point once: those after this step in the first event, then those that are new. After a crash the run goes back to its checkpoint and points come again: let a point replace that of the same step.',
      }),
    },
    subscribe: async (_root, { id, sinceStep }, { services }) => {
      await services.runs.get(id.id)
      const cursor = typeof sinceStep === 'number' ? new LiveCursor(sinceStep) : undefined
      return services.live.of<Watched>('run', id.id, (runId) => ({ runId, cursor }))
    },
    resolve: async ({ runId, cursor }: Watched, _args, { services }): Promise<Run> => {
      const run = await services.runs.get(runId)
      return cursor ? { ...run, cursor: cursor.next(run.attempt) } : run
    },
  }),
}))
