/**
 * Downloads a file that must be the right one. What breaks off goes on where it stopped, if the server still has the same
 * content (Range with If-Range, RFC 9110, 14.2); what stalls is given up and tried again. The file appears under its name
 * only when it is whole and its SHA-256 is the one expected.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, throwIfAborted } from '../errors.ts'
import { type Content, PartFile } from './part-file.ts'

export interface DownloadOptions {
  /** What its SHA-256 is, or begins with, in lower case. Left out, any content is taken. */
  sha256?: string | undefined
  /** Called about ten times a second; the total is null where the server does not say. */
  onProgress?: ((done: number, total: number | null) => void) | undefined
  signal?: AbortSignal | undefined
  /** A connection that is silent for so long is given up, in ms. */
  stallMs?: number
  /** Times that it is tried again without getting any further. */
  retries?: number
  /** Before the first of them, in ms; doubled each time. */
  retryDelayMs?: number
  /** A larger file is not the one that is looked for. */
  maxBytes?: number
}

const progressEveryMs = 100

/** Trouble that may pass. */
class Interruption extends Error {}

/**
 * Downloads `url` to `path`. Nobody else may be writing there. What was received of an unfinished download stays beside it.
 * Throws DOWNLOAD, BAD_WEIGHTS where the content is another, DISK and ABORTED.
 */
export async function download(url: string, path: string, options: DownloadOptions = {}): Promise<{ sha256: string }> {
  const { sha256, signal, retries = 5, retryDelayMs = 1000 } = options
  checkUrl(url)
  const part = await PartFile.open(path, url)
  try {
    let failures = 0
    while (part.content === null || part.size !== part.content.total) {
      throwIfAborted(signal)
      const before = part.size
      try {
        await receive(part, url, options)
        break
      } catch (error) {
        if (!(error instanceof Interruption)) throw error
        failures = part.size > before ? 1 : failures + 1
        if (failures > retries) throw downloadError(url, error.message)
        await sleep(retryDelayMs * 2 ** (failures - 1), undefined, { signal }).catch(() => throwIfAborted(signal))
      }
    }
    const found = part.sha256
    if (sha256 !== undefined && !found.startsWith(sha256)) {
      await part.discard()
      throw new EngineError(
        'BAD_WEIGHTS',
        `${url} is not the file it should be: its SHA-256 is ${found}, not ${sha256}${sha256.length < 64 ? '…' : ''}; nothing of it was kept`,
      )
    }
    await part.commit()
    return { sha256: found }
  } finally {
    await part.close()
  }
}

/** One connection: what is still missing of the file, or all of it. */
async function receive(part: PartFile, url: string, options: DownloadOptions): Promise<void> {
  const { onProgress, signal, stallMs = 30_000, maxBytes = 2 ** 30 } = options
  const stall = new AbortController()
  const timer = setTimeout(() => stall.abort(), stallMs)
  try {
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...rangeOf(part) },
      signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
    })
    await begin(part, url, response)
    const total = part.content?.total ?? lengthOf(response)
    let told = 0
    for await (const chunk of response.body ?? []) {
      timer.refresh()
      if (part.size + chunk.length > Math.min(maxBytes, total ?? maxBytes)) {
        await part.discard()
        throw downloadError(url, `it is larger than ${total ?? maxBytes} bytes`)
      }
      await part.append(chunk)
      const now = performance.now()
      if (now - told < progressEveryMs && part.size !== total) continue
      told = now
      onProgress?.(part.size, total)
    }
    if (total !== null && part.size < total) throw new Interruption(`it broke off after ${part.size} of ${total} bytes`)
  } catch (error) {
    if (error instanceof Interruption || error instanceof EngineError) throw error
    throwIfAborted(signal)
    if (stall.signal.aborted) throw new Interruption(`it was silent for ${stallMs / 1000} s`)
    throw networkError(url, error)
  } finally {
    clearTimeout(timer)
    // A connection that is left in the middle would go on to send.
    stall.abort()
  }
}

const rangeOf = ({ content, size }: PartFile): Record<string, string> =>
  content && size > 0 ? { range: `bytes=${size}-`, 'if-range': content.validator } : {}

/** Makes ready for the body of `response`: to go on with what there is, or to begin again. */
async function begin(part: PartFile, url: string, response: Response): Promise<void> {
  const { status } = response
  if (new URL(url).protocol === 'https:' && new URL(response.url).protocol !== 'https:')
    throw downloadError(url, `it leads to ${response.url}, which is not encrypted`)
  if (status === 200) return part.restart(contentOf(url, response))
  if (status === 206 && isContinuation(part, response)) return
  if (status === 206 || status === 416) {
    // Another content, or another part of it, than was asked for.
    await part.restart(null)
    throw new Interruption('the file changed while it was downloaded')
  }
  const answer = `the server answers ${status} ${response.statusText}`.trim()
  if (status >= 500 || status === 408 || status === 429) throw new Interruption(answer)
  throw downloadError(url, answer)
}

/** True where the body follows on the bytes so far, of the same content. A server may ignore If-Range. */
function isContinuation({ content, size }: PartFile, response: Response): boolean {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (content === null || Number(first) !== size) return false
  const sameLength = content.total === null || total === '*' || Number(total) === content.total
  return sameLength && (validatorOf(response) ?? content.validator) === content.validator
}

/** What can be gone on with later; null where the server gives nothing to tell it by. */
function contentOf(url: string, response: Response): Content | null {
  const validator = validatorOf(response)
  return validator === null ? null : { url, validator, total: lengthOf(response) }
}

/** A weak ETag does not promise the same bytes. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag')
  return etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified')
}

/** Of the whole file, from an answer that brings all of it. */
function lengthOf({ headers, status }: Response): number | null {
  const length = headers.get('content-length')
  if (status !== 200 || length === null || headers.has('content-encoding')) return null
  return Number(length)
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol))
    throw new EngineError('BAD_CONFIG', `${url} is no address of a file: it must begin with https:// or http://`)
  if (parsed.username || parsed.password)
    throw new EngineError('BAD_CONFIG', `${parsed.host}: an address with a password in it is not used`)
}

const downloadError = (url: string, why: string, cause?: unknown): EngineError =>
  new EngineError('DOWNLOAD', `${url} could not be downloaded: ${why}`, { cause })

/** A connection that breaks off or is slow may well be better the next time; a name that is unknown or a wrong certificate not. */
const passing = /^(ECONNRESET|EPIPE|ETIMEDOUT|UND_ERR_\w+|HPE_\w+)$/
const unreachable = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH']

function networkError(url: string, error: unknown): Error {
  const { cause } = error as { cause?: NodeJS.ErrnoException }
  const { code = '', message } = cause ?? (error as NodeJS.ErrnoException)
  if (passing.test(code)) return new Interruption(message)
  const hint = unreachable.includes(code) ? '; is this machine on the network?' : ''
  return downloadError(url, `${message}${hint}`, error)
}
