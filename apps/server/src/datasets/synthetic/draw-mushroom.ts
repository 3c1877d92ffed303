/**
 * A specimen as SVG, its base at (0, 0), growing towards negative y; units are percent of the picture.
 * Painted from back to front: stem, ring and volva, then the cap; seen from below the underside and the stem come last.
 */
import { css, type Dice, path, round, shade } from './dice.ts'
import { drawStem, stemAt } from './draw-stem.ts'
import type { CapShape } from './genera.ts'
import type { Specimen } from './specimen.ts'

/** `id` keeps the gradients of several mushrooms in one picture apart. */
export function drawMushroom(specimen: Specimen, dice: Dice, id: string): string {
  const { cap, pitch } = specimen
  const at = stemAt(specimen, 1)
  const rim = (cap.width / 2) * Math.max(0.06, Math.abs(pitch))
  const tilt = round(specimen.stem.bend * 1.2 + dice.bell() * 3)
  const place = `transform="translate(${round(at.x)} ${round(at.y)}) rotate(${tilt})"`
  const head = `<g ${place}>${drawCap(specimen, dice, rim, id)}</g>`
  const stem = drawStem(specimen, dice, id)
  if (pitch > 0) return stem + head
  return `${head}<g ${place}>${drawUnderside(specimen, dice, rim, id)}</g>${stem}${drawMilk(specimen, dice, rim, at)}`
}

/** Left half of a cap's outline from the rim to the middle of the top, for half-width 1 and height 1: Bézier segments. */
const PROFILES: Record<CapShape, readonly (readonly number[])[]> = {
  cushion: [[-1.06, -0.62, -0.72, -1, 0, -1]],
  dome: [[-0.98, -0.5, -0.58, -1, 0, -1]],
  cone: [
    [-0.82, -0.28, -0.34, -0.86, -0.1, -0.97],
    [-0.07, -1, -0.03, -1, 0, -1],
  ],
  bell: [
    [-0.98, -0.42, -0.62, -0.66, -0.3, -0.74],
    [-0.18, -0.8, -0.12, -1, 0, -1],
  ],
  flat: [
    [-1.02, -0.5, -0.72, -0.94, -0.3, -0.94],
    [-0.2, -0.94, -0.1, -0.93, 0, -0.93],
  ],
  funnel: [
    [-1.05, -0.5, -0.92, -1, -0.6, -1],
    [-0.4, -1, -0.25, -0.86, 0, -0.84],
  ],
}

function capOutline({ cap }: Specimen, rim: number): string {
  const half = cap.width / 2
  const left = PROFILES[cap.shape]
  // The right half is the left one mirrored and walked backwards.
  const points = [
    [-1, 0],
    ...left.flatMap((segment) => [segment.slice(0, 2), segment.slice(2, 4), segment.slice(4, 6)]),
  ]
  const right = points
    .map(([x = 0, y = 0]) => [-x, y])
    .reverse()
    .slice(1)
  const curve = [...points, ...right].map(([x = 0, y = 0]) => [x * half, y * cap.height] as const)
  const [start, ...rest] = curve
  return path('M', ...(start ?? []), 'C', ...rest.flat(), 'A', half, rim, 0, 0, 1, -half, 0, 'Z')
}

function drawCap(specimen: Specimen, dice: Dice, rim: number, id: string): string {
  const { cap, light } = specimen
  const outline = capOutline(specimen, rim)
  const gradient = `<radialGradient id="${id}c" cx="${round(0.5 + light * 0.22)}" cy="0.22" r="0.85">
    <stop offset="0" stop-color="${css(shade(cap.colour, 13))}"/>
    <stop offset="0.45" stop-color="${css(cap.colour)}"/>
    <stop offset="1" stop-color="${css(shade(cap.colour, -20))}"/></radialGradient>`
  return `<defs>${gradient}<clipPath id="${id}k"><path d="${outline}"/></clipPath></defs>
    <path d="${outline}" fill="url(#${id}c)"/>
    <g clip-path="url(#${id}k)">${drawHollow(specimen, rim)}${drawSurface(specimen, dice, rim)}</g>
    <path d="${outline}" fill="none" stroke="${css(shade(cap.colour, -26))}" stroke-width="0.5" stroke-opacity="0.6"/>`
}

/** The dark middle of a funnel: seen from the side its far wall, from above its depth. */
function drawHollow({ cap, pitch }: Specimen, rim: number): string {
  if (cap.shape !== 'funnel') return ''
  const half = cap.width / 2
  const depth = pitch > 0 ? rim * 0.55 : cap.height * 0.1
  const dark = css(shade(cap.colour, -16))
  return [1, 0.8, 0.6, 0.4]
    .map((share) => {
      const reach = `rx="${round(half * 0.5 * share)}" ry="${round(depth * share)}"`
      return `<ellipse cy="${round(-cap.height * 0.86)}" ${reach} fill="${dark}" fill-opacity="0.22"/>`
    })
    .join('')
}

/** A point of the cap's surface by angle and distance from the apex (0 to 1), as the pitch shows it. */
function onCap({ cap, pitch }: Specimen, rim: number, angle: number, distance: number): { x: number; y: number } {
  const half = cap.width / 2
  const apex = -cap.height * (cap.shape === 'funnel' ? 0.84 : 0.95)
  const foreshortened = pitch > 0 ? rim + cap.height * 0.3 : rim * 0.5
  const y = apex * (1 - distance ** 1.7) + Math.sin(angle) * distance * foreshortened
  return { x: Math.cos(angle) * distance * half * 0.97, y }
}

function drawSurface(specimen: Specimen, dice: Dice, rim: number): string {
  const { cap, light } = specimen
  const half = cap.width / 2
  const marks = css(cap.marks)
  const spot = (): { x: number; y: number } =>
    onCap(specimen, rim, dice.between([0, 2 * Math.PI]), Math.sqrt(dice.unit()))
  switch (cap.surface) {
    case 'smooth':
      return ''
    case 'glossy':
      return `<ellipse cx="${round(light * half * 0.4)}" cy="${round(-cap.height * 0.7)}" rx="${round(half * dice.between([0.16, 0.34]))}" ry="${round(cap.height * dice.between([0.07, 0.16]))}" fill="#fff" fill-opacity="${round(dice.between([0.4, 0.75]))}"/>`
    case 'warts': {
      const colour = css(dice.near([45, 25, 90], 4))
      return dice
        .times(dice.between([14, 48]), () => {
          const { x, y } = spot()
          const size = half * dice.between([0.03, 0.085])
          const corners = dice.times(6, (i) => {
            const angle = (i / 6) * 2 * Math.PI
            const reach = size * dice.between([0.6, 1.2])
            return `${round(x + Math.cos(angle) * reach)},${round(y + Math.sin(angle) * reach * 0.7)}`
          })
          return `<polygon points="${corners.join(' ')}" fill="${colour}"/>`
        })
        .join('')
    }
    case 'scales':
      return dice
        .times(dice.between([40, 90]), () => {
          const { x, y } = spot()
          const size = half * dice.between([0.025, 0.06])
          return `<path d="${path('M', x - size, y, 'q', size, size * 1.2, size * 2, 0)}" fill="${marks}" fill-opacity="0.7"/>`
        })
        .join('')
    case 'fibres':
      return dice
        .times(dice.between([40, 80]), () => {
          const angle = dice.between([0, 2 * Math.PI])
          const from = onCap(specimen, rim, angle, dice.between([0.1, 0.5]))
          const to = onCap(specimen, rim, angle + dice.bell() * 0.03, dice.between([0.6, 1]))
          return `<path d="${path('M', from.x, from.y, 'L', to.x, to.y)}" stroke="${marks}" stroke-width="${round(dice.between([0.15, 0.5]))}" stroke-opacity="0.4"/>`
        })
        .join('')
    case 'zones':
      return [0.3, 0.48, 0.66, 0.82, 0.94]
        .map((distance) => {
          const at = distance + dice.bell() * 0.02
          const ring = dice
            .times(25, (i) => onCap(specimen, rim, (i / 24) * 2 * Math.PI, at))
            .map(({ x, y }) => `${round(x)},${round(y)}`)
          return `<polygon points="${ring.join(' ')}" fill="none" stroke="${marks}" stroke-width="${round(half * dice.between([0.025, 0.07]))}" stroke-opacity="0.55"/>`
        })
        .join('')
    case 'grooves':
      return dice
        .times(44, (i) => {
          const angle = (i / 44) * 2 * Math.PI
          const from = onCap(specimen, rim, angle, 0.8)
          const to = onCap(specimen, rim, angle, 1.03)
          return `<path d="${path('M', from.x, from.y, 'L', to.x, to.y)}" stroke="${marks}" stroke-width="0.45" stroke-opacity="0.7"/>`
        })
        .join('')
  }
}

function drawUnderside({ cap, underside, light }: Specimen, dice: Dice, rim: number, id: string): string {
  const half = cap.width / 2
  const { colour, kind, lines } = underside
  const ellipse = `<ellipse rx="${round(half * 0.97)}" ry="${round(rim * 0.94)}"`
  const gradient = `<radialGradient id="${id}u" cx="${round(0.5 + light * 0.3)}" cy="0.7" r="0.8">
    <stop offset="0" stop-color="${css(shade(colour, 5))}"/><stop offset="1" stop-color="${css(shade(colour, -16))}"/></radialGradient>`
  const dark = css(shade(colour, -22))
  const pattern =
    kind === 'gills'
      ? dice.times(lines, (i) => {
          const angle = ((i + dice.bell() * 0.15) / lines) * 2 * Math.PI
          const from = dice.pick([0.12, 0.12, 0.45])
          const [x, y] = [Math.cos(angle) * half * 0.95, Math.sin(angle) * rim * 0.92]
          return `<path d="${path('M', x * from, y * from, 'L', x, y)}" stroke="${dark}" stroke-width="${round(9 / lines)}" stroke-opacity="0.75"/>`
        })
      : dice.times(lines * lines * 4, () => {
          const angle = dice.between([0, 2 * Math.PI])
          const distance = Math.sqrt(dice.unit()) * 0.93
          const size = (half * 0.42) / lines
          return `<ellipse cx="${round(Math.cos(angle) * distance * half)}" cy="${round(Math.sin(angle) * distance * rim)}" rx="${round(size)}" ry="${round(Math.max(0.15, (size * rim) / half))}" fill="${dark}" fill-opacity="0.6"/>`
        })
  return `<defs>${gradient}</defs>${ellipse} fill="url(#${id}u)"/>${pattern.join('')}${ellipse} fill="none" stroke="${css(shade(cap.colour, -10))}" stroke-width="0.7"/>`
}

/** White drops where gills were hurt. */
function drawMilk({ milk, cap }: Specimen, dice: Dice, rim: number, at: { x: number; y: number }): string {
  if (!milk) return ''
  const drops = dice.times(dice.between([3, 9]), () => {
    const angle = dice.between([0.1, 0.9]) * Math.PI
    const distance = dice.between([0.4, 0.95])
    const x = at.x + (Math.cos(angle) * distance * cap.width) / 2
    const y = at.y + Math.sin(angle) * distance * rim
    const size = dice.between([0.5, 1.2])
    return `<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(size)}" ry="${round(size * 1.4)}" fill="#fdfcf6" fill-opacity="0.92"/>`
  })
  return drops.join('')
}
