/** A GraphQL client as small as can be: fetch for answers, fetch again for events. */
import { setTimeout as sleep } from 'node:timers/promises'

// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of an answer by reading it.
type Data = Record<string, any>

export interface Answer {
  data: Data | null
  errors?: { message: string; path?: string[]; extensions: { code: string } }[]
}

const post = (url: string, body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: signal ?? null,
  })

export const ask = async (server: { url: string }, query: string, variables: object = {}): Promise<Answer> =>
  (await post(`${server.url}/graphql`, { query, variables })).json() as Promise<Answer>

/** The data of an answer without errors. */
export async function request(server: { url: string }, query: string, variables: object = {}): Promise<Data> {
  const { data, errors } = await ask(server, query, variables)
  if (errors || !data) throw new Error(JSON.stringify(errors))
  return data
}

/** Events of one operation, until it completes or the reader stops. */
export async function* events(server: { url: string }, query: string, variables: object = {}): AsyncGenerator<Answer> {
  const controller = new AbortController()
  const accept = { accept: 'text/event-stream' }
  const response = await post(`${server.url}/graphql/stream`, { query, variables }, accept, controller.signal)
  if (!response.body) throw new Error(`No events: ${response.status}`)
  let text = ''
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        const data = /^data: (.+)$/m.exec(event)?.[1]
        if (/^event: next$/m.test(event) && data) yield JSON.parse(data)
        if (/^event: complete$/m.test(event)) return
      }
    }
  } finally {
    controller.abort()
  }
}

/** Asks again and again, until the answer is there or the time is over. */
export async function until<T>(what: () => Promise<T | null | undefined | false>, ms = 10_000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const value = await what()
    if (value) return value
    if (performance.now() > end) throw new Error(`It did not happen within ${ms} ms`)
    await sleep(20)
  }
}
