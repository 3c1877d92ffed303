/** What a weights file is read from, piece by piece, so that only its tensors are ever held in memory. */
import { EngineError } from '../errors.ts'

export interface ByteSource {
  /** For messages. */
  readonly name: string
  readonly size: number
  /** Bytes `offset` to `offset + length` in a buffer of their own. Throws BAD_WEIGHTS where the source does not have them. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Refuses a file, naming it and what is wrong with it. */
export type Refuse = (what: string) => never

/** A name in a file may be millions of letters long. */
const longestMessage = 400

/** `file` is no usable `format`: … */
export const refusal =
  (file: string, format: string): Refuse =>
  (what) => {
    throw new EngineError('BAD_WEIGHTS', `${file} is not a usable ${format}: ${shorten(what)}`)
  }

/** The part of a FileHandle that a source needs. */
interface Reader {
  read(into: Uint8Array, at: number, length: number, position: number): Promise<{ bytesRead: number }>
}

/** An open file; whoever opened it closes it. */
export function fileSource(name: string, file: Reader, size: number): ByteSource {
  return {
    name,
    size,
    read: async (offset, length) => {
      const bytes = allocate(name, size, offset, length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) throw outside(name, size, offset, length)
        done += bytesRead
      }
      return bytes
    },
  }
}

/** Checks before it allocates: a length comes from a file that nobody has vouched for. */
function allocate(name: string, size: number, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!sound || offset + length > size) throw outside(name, size, offset, length)
  return new Uint8Array(length)
}

const outside = (name: string, size: number, offset: number, length: number): EngineError =>
  new EngineError(
    'BAD_WEIGHTS',
    `${name} is cut off or damaged: bytes ${offset} to ${offset + length} of ${size} are wanted; copy or download it again`,
  )

const shorten = (text: string): string => (text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text)
