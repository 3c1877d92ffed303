/** A dataset of very many small photographs, made in seconds: few pictures, and no two files alike. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

const classes = 10
const pictures = 200

/** Writes `files` JPEGs of `side` px into ten class folders of `dir`. Each has a comment of its own, so its bytes are its own too. */
export async function writeManyFiles(dir: string, files: number, side: number): Promise<void> {
  const encoded = await Promise.all(Array.from({ length: pictures }, (_, i) => picture(i, side)))
  for (let label = 0; label < classes; label++) await mkdir(join(dir, className(label)), { recursive: true })
  for (let start = 0; start < files; start += 64) {
    const batch = Array.from({ length: Math.min(64, files - start) }, (_, i) => start + i)
    await Promise.all(
      batch.map((i) => {
        const name = `${String(i).padStart(6, '0')}.jpg`
        return writeFile(join(dir, className(i % classes), name), withComment(encoded[i % pictures] as Buffer, name))
      }),
    )
  }
}

const className = (label: number): string => `class-${label}`

/** Coarse noise of a colour: of about a photograph's bytes, and as hard to decode. */
async function picture(i: number, side: number): Promise<Buffer> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 }
  const grain = sharp({ create: { width: side >> 1, height: side >> 1, channels: 3, background: 'black', noise } })
  const tint = { r: 55 + ((i * 37) % 200), g: 55 + ((i * 61) % 200), b: 55 + ((i * 97) % 200) }
  const coarse = await grain.png().toBuffer()
  return sharp(coarse).resize(side, side).tint(tint).jpeg({ quality: 85 }).toBuffer()
}

/** Puts a comment segment behind a JPEG's first marker. */
function withComment(jpeg: Buffer, comment: string): Buffer {
  const text = Buffer.from(comment)
  const marker = Buffer.from([0xff, 0xfe, 0, text.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), marker, text, jpeg.subarray(2)])
}
