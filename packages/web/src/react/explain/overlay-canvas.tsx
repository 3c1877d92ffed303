/** The picture that the network saw, with what matters laid over it. */
import { type ReactElement, useEffect, useRef, useState } from 'react'
import type { ExplainedLabel, Explanation } from '../../core/explanations-store.ts'
import { AGAINST, FOR, type Legend, mapPixels, outlines, segmentPixels, shownSegments } from '../../core/overlay.ts'
import type { Shown } from './explanation-viewer.tsx'

/** Side of the canvas in its own pixels, at least: small pictures are enlarged by whole factors. */
const leastSide = 640

interface OverlayProps {
  explanation: Explanation
  label: ExplainedLabel
  segments: Uint32Array | null
  map: Float32Array | null
  legend: Legend | null
  shown: Shown
  /** A superpixel to point out. */
  highlight: number | null
}

export function OverlayCanvas(props: OverlayProps): ReactElement {
  const { explanation, label, shown } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const picture = usePicture(explanation.picture)
  const scale = Math.ceil(leastSide / explanation.size)
  const side = scale * explanation.size
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context && picture) draw(context, picture, side, props)
  }, [picture, side, props])
  return (
    <canvas
      ref={canvas}
      width={side}
      height={side}
      role="img"
      aria-label={`${explanation.image}: what speaks for ${label.label}`}
      data-testid="overlay"
      data-drawn={picture !== null}
      data-opacity={shown.opacity}
    />
  )
}

function usePicture(url: string): HTMLImageElement | null {
  const [picture, setPicture] = useState<HTMLImageElement | null>(null)
  useEffect(() => {
    let wanted = true
    const image = new Image()
    image.src = url
    void image.decode().then(() => wanted && setPicture(image))
    return () => {
      wanted = false
    }
  }, [url])
  return picture
}

function draw(context: CanvasRenderingContext2D, picture: HTMLImageElement, side: number, props: OverlayProps): void {
  const { explanation, label, segments, map, legend, shown, highlight } = props
  const { size } = explanation
  context.clearRect(0, 0, side, side)
  context.imageSmoothingEnabled = true
  context.drawImage(picture, 0, 0, side, side)
  if (map && legend) {
    drawPixels(context, mapPixels(map, legend, shown.opacity), size, side)
  } else if (segments && label.weights) {
    const signs = shownSegments(label.weights, shown)
    context.imageSmoothingEnabled = false
    drawPixels(context, segmentPixels(segments, signs, shown.opacity), size, side)
    const group = (p: number): number => signs.get(segments[p] as number) ?? 0
    for (const [sign, lines] of outlines(group, size)) {
      drawLines(context, lines, side / size, sign > 0 ? FOR : AGAINST, sign < 0)
    }
    if (highlight !== null) {
      const lines = outlines((p) => (segments[p] === highlight ? 1 : 0), size).get(1)
      if (lines) drawLines(context, lines, side / size, [255, 235, 59], false)
    }
  }
}

/** RGBA [size, size] over the whole canvas. */
function drawPixels(
  context: CanvasRenderingContext2D,
  pixels: Uint8ClampedArray<ArrayBuffer>,
  size: number,
  side: number,
): void {
  const layer = context.canvas.ownerDocument.createElement('canvas')
  layer.width = size
  layer.height = size
  layer.getContext('2d')?.putImageData(new ImageData(pixels, size, size), 0, 0)
  context.drawImage(layer, 0, 0, side, side)
}

/** Light around dark, so that a line shows on any picture; dashes tell what is against from what is for, whoever sees which colours. */
function drawLines(
  context: CanvasRenderingContext2D,
  lines: readonly number[],
  scale: number,
  colour: readonly number[],
  dashed: boolean,
): void {
  const path = new Path2D()
  for (let i = 0; i < lines.length; i += 4) {
    path.moveTo((lines[i] as number) * scale, (lines[i + 1] as number) * scale)
    path.lineTo((lines[i + 2] as number) * scale, (lines[i + 3] as number) * scale)
  }
  context.setLineDash([])
  context.lineCap = 'round'
  context.lineWidth = 4
  context.strokeStyle = 'rgb(255 255 255 / 85%)'
  context.stroke(path)
  if (dashed) context.setLineDash([3, 5])
  context.lineWidth = 2
  context.strokeStyle = `rgb(${colour.join(' ')})`
  context.stroke(path)
}
