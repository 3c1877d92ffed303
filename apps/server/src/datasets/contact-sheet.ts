/** A picture of pictures: rows of equal squares, each with a caption under it. */
import sharp from 'sharp'
import { lineHeight, svgSheet, textLine } from './caption.ts'

export interface Cell {
  /** u8 RGBA [size, size, 4]. */
  pixels: Uint8Array
  /** Lines; what does not fit the width is cut off. */
  caption: readonly string[]
}

const gap = 8
/** Narrower pictures are enlarged by whole factors, so that captions can be read beside them. */
const narrowest = 132

/** A PNG of `rows`, whose squares have `size` pixels a side. */
export async function contactSheet(rows: readonly (readonly Cell[])[], size: number): Promise<Buffer> {
  const side = size * Math.ceil(narrowest / size)
  const lines = Math.max(...rows.flat().map(({ caption }) => caption.length))
  const pitch = { x: side + gap, y: side + lines * lineHeight() + gap }
  const columns = Math.max(...rows.map((row) => row.length))
  const width = columns * pitch.x + gap
  const height = rows.length * pitch.y + gap
  const placed = rows.flatMap((row, r) =>
    row.map((cell, c) => ({ cell, left: gap + c * pitch.x, top: gap + r * pitch.y })),
  )
  const squares = await Promise.all(
    placed.map(async ({ cell, left, top }) => ({
      left,
      top,
      input: await sharp(cell.pixels, { raw: { width: size, height: size, channels: 4 } })
        .resize(side, side, { kernel: 'nearest' })
        .png()
        .toBuffer(),
    })),
  )
  const captions = placed.flatMap(({ cell, left, top }) =>
    cell.caption.map((line, i) => textLine(line, { left, top: top + side + i * lineHeight(), width: side })),
  )
  return sharp({ create: { width, height, channels: 4, background: '#ffffff' } })
    .composite([...squares, { input: svgSheet(width, height, captions), left: 0, top: 0 }])
    .png()
    .toBuffer()
}
