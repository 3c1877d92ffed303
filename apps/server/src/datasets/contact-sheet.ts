/** A picture of pictures: rows of equal squares, each with a caption under it. */
import sharp from 'sharp'

export interface Cell {
  /** u8 RGBA [size, size, 4]. */
  pixels: Uint8Array
  /** Lines; what does not fit the width is cut off. */
  caption: readonly string[]
}

const fontSize = 11
const lineHeight = 14
const gap = 8
/** Narrower pictures are enlarged by whole factors, so that captions can be read beside them. */
const narrowest = 132

/** A PNG of `rows`, whose squares have `size` pixels a side. */
export async function contactSheet(rows: readonly (readonly Cell[])[], size: number): Promise<Buffer> {
  const side = size * Math.ceil(narrowest / size)
  const lines = Math.max(...rows.flat().map(({ caption }) => caption.length))
  const pitch = { x: side + gap, y: side + lines * lineHeight + gap }
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
    cell.caption.map((line, i) => caption(line, { left, top: top + side + i * lineHeight, width: side })),
  )
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${captions.join('')}</svg>`
  return sharp({ create: { width, height, channels: 4, background: '#ffffff' } })
    .composite([...squares, { input: Buffer.from(text), left: 0, top: 0 }])
    .png()
    .toBuffer()
}

/** A line of text in a box of its own, at whose edge it ends. */
function caption(line: string, { left, top, width }: { left: number; top: number; width: number }): string {
  const escaped = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const font = `font-family="DejaVu Sans, Arial, sans-serif" font-size="${fontSize}" fill="#222222"`
  return `<svg x="${left}" y="${top}" width="${width}" height="${lineHeight}"><text x="1" y="${fontSize}" ${font}>${escaped}</text></svg>`
}
