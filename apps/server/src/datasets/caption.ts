/** Text for pictures, as SVG that sharp draws. */

export interface TextBox {
  left: number
  top: number
  width: number
  /** Default 11 pixels. */
  fontSize?: number
  colour?: string
  align?: 'left' | 'right'
  bold?: boolean
}

/** Height of a line in pixels. */
export const lineHeight = (fontSize = 11): number => Math.round(fontSize * 1.3)

/** A line of text in a box of its own, at whose edge it ends. */
export function textLine(
  line: string,
  { left, top, width, fontSize = 11, colour = '#222222', align = 'left', bold = false }: TextBox,
): string {
  const escaped = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const font = `font-family="DejaVu Sans, Arial, sans-serif" font-size="${fontSize}" fill="${colour}"`
  const weight = bold ? ' font-weight="bold"' : ''
  const at = align === 'left' ? 'x="1"' : `x="${width - 1}" text-anchor="end"`
  return `<svg x="${left}" y="${top}" width="${width}" height="${lineHeight(fontSize)}"><text ${at} y="${fontSize}" ${font}${weight}>${escaped}</text></svg>`
}

/** Lines and shapes on a sheet of their own. */
export const svgSheet = (width: number, height: number, parts: readonly string[]): Buffer =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join('')}</svg>`)
