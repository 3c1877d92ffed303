import { type CliProcess, startCli } from '@sporeprint/server/testing'

export interface TestServer {
  url: string
  process: CliProcess
  /** Runs a GraphQL operation; throws where it answers with errors. */
  query<T>(document: string, variables?: Record<string, unknown>): Promise<T>
  stop(): Promise<void>
}

/** `sporeprint serve` on a free port, with its data in `dir`. */
export async function startServer(dir: string): Promise<TestServer> {
  const process = startCli(['serve', '--data', dir, '--port', '0'])
  const [, url = ''] = await process.said(/listens on (http:\S+)/)
  return {
    url,
    process,
    async query<T>(query: string, variables: Record<string, unknown> = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      const { data, errors } = (await response.json()) as { data?: T; errors?: { message: string }[] }
      if (errors || !data) throw new Error(errors?.map(({ message }) => message).join('; ') ?? 'no data')
      return data
    },
    async stop() {
      process.child.kill('SIGTERM')
      await process.ended
    },
  }
}
