/** From a drawn scene to something like a photograph of it: exposure, white balance, vignette, focus, grain, JPEG. */
import sharp from 'sharp'
import type { Dice } from './dice.ts'

/** Renders an SVG document of a square scene to JPEG, `size` pixels a side. */
export async function photograph(svg: string, size: number, dice: Dice): Promise<Buffer> {
  // One dot a unit at 72 dots an inch: rendered at twice the size, then averaged down.
  const exposure = dice.between([0.72, 1.18])
  const warmth = dice.bell() * 0.05
  const vignette = dice.between([0, 0.35])
  const focus = dice.between([0.3, 0.9])
  const { data, info } = await sharp(Buffer.from(svg), { density: (72 * 2 * size) / 100 })
    .resize(size, size, { fit: 'fill' })
    .blur(focus)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const gains = [exposure * (1 + warmth), exposure, exposure * (1 - warmth)]
  const grain = dice.between([1, 7])
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3)
    const x = (pixel % size) / size - 0.5
    const y = Math.floor(pixel / size) / size - 0.5
    const fall = 1 - vignette * (x * x + y * y) * 2
    const value = (data[i] as number) * (gains[i % 3] as number) * fall + dice.bell() * grain
    data[i] = Math.min(255, Math.max(0, Math.round(value)))
  }
  const { width, height } = info
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: Math.round(dice.between([80, 95])), chromaSubsampling: '4:4:4' })
    .toBuffer()
}
