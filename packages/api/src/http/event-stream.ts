import type { Context } from '../graphql/context.ts'
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from '../graphql/library.ts'

/**
 * graphql-js' `subscribe`, but with a new context for every event: loaders keep what they have read for as long as their
 * context lives, and a subscription is there to see it change. Written out rather than as a generator, which could not be
 * ended while it waits.
 * @param open holds the stream for as long as it is open.
 */
export async function eachInItsContext(
  args: ExecutionArgs,
  context: () => Context,
  masked: (result: ExecutionResult) => ExecutionResult,
  open: Set<AsyncIterator<ExecutionResult>>,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const source = await createSourceEventStream(args)
  if (!(Symbol.asyncIterator in source)) return masked(source)
  const events = source[Symbol.asyncIterator]()
  const end = async (): Promise<IteratorResult<ExecutionResult>> => {
    open.delete(stream)
    await events.return?.()
    return { done: true, value: undefined }
  }
  const stream: AsyncIterableIterator<ExecutionResult> = {
    async next() {
      const event = await events.next()
      if (event.done) return end()
      const result = await execute({ ...args, rootValue: event.value, contextValue: context() })
      return { done: false, value: masked(result) }
    },
    return: end,
    throw: end,
    [Symbol.asyncIterator]: () => stream,
  }
  open.add(stream)
  return stream
}
