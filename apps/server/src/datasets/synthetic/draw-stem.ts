/** Stem, and what the veil left on it: ring above, volva below. */
import { css, type Dice, type Hsl, path, round, shade } from './dice.ts'
import type { Specimen } from './specimen.ts'

interface StemPoint {
  x: number
  y: number
  /** Half the stem's width there. */
  half: number
}

/** The stem at a height from 0 (base) to 1 (cap): it bends to one side and thickens towards the base. */
export function stemAt({ stem }: Specimen, height: number): StemPoint {
  const swelling = (1 - height) ** 2
  return {
    x: stem.bend * height ** 2 * 2,
    y: -stem.length * height,
    half: (stem.top + (stem.base - stem.top) * swelling) / 2,
  }
}

export function drawStem(specimen: Specimen, dice: Dice, id: string): string {
  const { stem, light, volva, ring } = specimen
  const outline = stemOutline(specimen)
  const [left, right] = light > 0 ? [-20, 4] : [4, -20]
  const gradient = `<linearGradient id="${id}s">
    <stop offset="0" stop-color="${css(shade(stem.colour, left))}"/>
    <stop offset="${light > 0 ? 0.65 : 0.35}" stop-color="${css(shade(stem.colour, 5))}"/>
    <stop offset="1" stop-color="${css(shade(stem.colour, right))}"/></linearGradient>`
  return `<defs>${gradient}<clipPath id="${id}m"><path d="${outline}"/></clipPath></defs>
    <path d="${outline}" fill="url(#${id}s)"/>
    <g clip-path="url(#${id}m)">${drawTexture(specimen, dice)}</g>
    <path d="${outline}" fill="none" stroke="${css(shade(stem.colour, -30))}" stroke-width="0.4" stroke-opacity="0.5"/>
    ${volva ? drawVolva(specimen, dice) : ''}${ring ? drawRing(specimen, ring, dice) : ''}`
}

function stemOutline(specimen: Specimen): string {
  const heights = Array.from({ length: 9 }, (_, i) => i / 8)
  const points = heights.map((height) => stemAt(specimen, height))
  const left = points.map(({ x, y, half }) => [x - half, y] as const)
  const right = points.map(({ x, y, half }) => [x + half, y] as const).reverse()
  const base = stemAt(specimen, 0).half
  return path(
    'M',
    ...[...left, ...right].flatMap((point) => [...point, 'L']).slice(0, -1),
    'A',
    base,
    base * 0.5,
    0,
    0,
    1,
    -base,
    0,
    'Z',
  )
}

function drawTexture(specimen: Specimen, dice: Dice): string {
  const { stem } = specimen
  const dark = css(shade(stem.colour, -26))
  const spot = (low = 0): StemPoint => {
    const at = stemAt(specimen, dice.between([low, 1]))
    return { ...at, x: at.x + at.half * dice.between([-0.95, 0.95]) }
  }
  switch (stem.texture) {
    case 'smooth':
      return ''
    case 'fibres':
      return dice
        .times(22, () => {
          const { x, y } = spot()
          return `<path d="${path('M', x, y, 'l', dice.bell() * 0.3, stem.length * dice.between([0.1, 0.3]))}" stroke="${dark}" stroke-width="0.3" stroke-opacity="0.6"/>`
        })
        .join('')
    case 'net': {
      // Two families of slanted lines, finer towards the cap, as a net drawn over a cylinder.
      const pale = css(shade(stem.colour, stem.colour[2] > 70 ? -16 : 16))
      return [-1, 1]
        .flatMap((slant) =>
          dice.times(13, (i) => {
            const y = -stem.length * (0.25 + (i / 13) * 0.85)
            const reach = stem.base * 1.2
            return `<path d="${path('M', -reach, y + slant * reach, 'L', reach, y - slant * reach)}" stroke="${pale}" stroke-width="0.5" stroke-opacity="0.7"/>`
          }),
        )
        .join('')
    }
    case 'dots':
      return dice
        .times(dice.between([50, 90]), () => {
          const { x, y } = spot(0.15)
          return `<circle cx="${round(x)}" cy="${round(y)}" r="${round(dice.between([0.25, 0.6]))}" fill="${dark}" fill-opacity="0.75"/>`
        })
        .join('')
    case 'pits':
      return dice
        .times(dice.between([8, 16]), () => {
          const { x, y } = spot()
          return `<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(dice.between([0.5, 1.1]))}" ry="${round(dice.between([0.4, 0.9]))}" fill="${dark}" fill-opacity="0.5"/>`
        })
        .join('')
  }
}

function drawRing(specimen: Specimen, kind: 'skirt' | 'band' | 'web', dice: Dice): string {
  const { stem } = specimen
  const { x, y, half } = stemAt(specimen, dice.between([0.66, 0.8]))
  if (kind === 'web') {
    // A cortina: rust-coloured threads caught on the stem, not a membrane.
    const rust = css(dice.near([22, 60, 34], 4))
    const threads = dice.times(9, () => {
      const at = y + dice.bell() * stem.length * 0.05
      return `<path d="${path('M', x - half, at, 'q', half, dice.between([0.3, 1.6]), half * 2, dice.bell() * 0.5)}" fill="none" stroke="${rust}" stroke-width="0.45" stroke-opacity="0.8"/>`
    })
    return threads.join('')
  }
  const colour: Hsl = kind === 'skirt' ? dice.near([45, 20, 92], 3) : dice.near(shade(stem.colour, -6), 5)
  const flare = kind === 'skirt' ? dice.between([1.5, 2.1]) : dice.between([1.15, 1.35])
  const drop = half * (kind === 'skirt' ? dice.between([0.9, 1.6]) : dice.between([0.3, 0.6]))
  const wide = half * flare
  const hem = dice.times(6, () => path('q', -wide / 6, dice.between([0.2, 0.5]) * half, -wide / 3, 0)).join(' ')
  return `<path d="${path('M', x - half, y, 'A', half, half * 0.3, 0, 0, 0, x + half, y, 'L', x + wide, y + drop)} ${hem} Z" fill="${css(colour)}" stroke="${css(shade(colour, -25))}" stroke-width="0.4"/>`
}

function drawVolva(specimen: Specimen, dice: Dice): string {
  const colour = dice.near([42, 22, 86], 4)
  const { half } = stemAt(specimen, 0)
  const wide = half * dice.between([1.25, 1.6])
  const high = half * dice.between([0.9, 1.7])
  const lobes = [-1, -0.6, -0.2, 0.2, 0.6, 1].map((at, i) => {
    const x = at * wide
    return path('L', x, -high * (i % 2 === 0 ? dice.between([0.9, 1.25]) : dice.between([0.45, 0.7])))
  })
  return `<path d="${path('M', -wide * 0.8, half * 0.4)} ${lobes.join(' ')} ${path('L', wide * 0.8, half * 0.4, 'A', wide, half * 0.6, 0, 0, 1, -wide * 0.8, half * 0.4)} Z" fill="${css(colour)}" stroke="${css(shade(colour, -28))}" stroke-width="0.5" stroke-linejoin="round"/>`
}
