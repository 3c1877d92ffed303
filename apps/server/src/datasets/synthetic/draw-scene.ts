/** The place: blurred background, ground, what lies on it, and the mushrooms that stand there. */
import { css, type Dice, type Hsl, path, round, shade } from './dice.ts'
import { drawMushroom } from './draw-mushroom.ts'
import type { Genus, Substrate } from './genera.ts'
import { grow, type Specimen, speciesOf } from './specimen.ts'

/** Ground colour, and the colours of what lies on it. */
const GROUND: Record<Substrate, { soil: Hsl; litter: readonly Hsl[] }> = {
  grass: {
    soil: [95, 35, 26],
    litter: [
      [95, 48, 34],
      [82, 50, 42],
      [110, 40, 28],
      [60, 40, 50],
    ],
  },
  leaves: {
    soil: [28, 35, 22],
    litter: [
      [28, 60, 42],
      [18, 58, 36],
      [40, 55, 52],
      [24, 40, 28],
    ],
  },
  moss: {
    soil: [100, 40, 20],
    litter: [
      [92, 55, 34],
      [80, 58, 42],
      [108, 48, 28],
    ],
  },
  needles: {
    soil: [24, 38, 18],
    litter: [
      [26, 50, 34],
      [32, 45, 46],
      [20, 42, 26],
      [95, 30, 30],
    ],
  },
  soil: {
    soil: [26, 30, 22],
    litter: [
      [26, 28, 32],
      [30, 22, 42],
      [95, 35, 34],
    ],
  },
}

/** One picture of a genus as an SVG document of 100 × 100 units. */
export function drawScene(genus: Genus, dice: Dice): string {
  const substrate = dice.pick(genus.substrates)
  const light = dice.between([-1, 1])
  // From below (the underside shows) somewhat more often than from above.
  const pitch = dice.chance(0.62) ? -dice.between([0.12, 0.36]) : dice.between([0.08, 0.36])
  const horizon = dice.between([58, 78])
  const species = speciesOf(genus, dice)
  const main = grow(species, dice, pitch, light)
  const companions = dice.times(dice.pick([0, 0, 0, 1, 1, 2]), () => grow(species, dice, pitch, light))

  const standing = [
    ...companions.map((specimen, i) => {
      const side = dice.chance(0.5) ? -1 : 1
      return place(
        specimen,
        dice,
        50 + side * dice.between([20, 38]),
        horizon + dice.between([3, 12]),
        [30, 52],
        `n${i}`,
      )
    }),
    place(main, dice, 50 + dice.bell() * 7, dice.between([82, 95]), [58, 86], 'm'),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100" height="100">
    ${drawBackground(substrate, horizon, dice)}
    ${drawLitter(substrate, horizon, 100, dice, 1)}
    ${standing.join('\n')}
    ${drawLitter(substrate, 90, 103, dice, 0.35)}
  </svg>`
}

/** Sets a specimen's base at (x, y), scaled so that it is `tall` percent of the picture high, with its shadow. */
function place(
  specimen: Specimen,
  dice: Dice,
  x: number,
  y: number,
  tall: readonly [number, number],
  id: string,
): string {
  const { stem, cap, light } = specimen
  const widest = 92 / cap.width
  const scale = Math.min(widest, dice.between(tall) / (stem.length + cap.height))
  const shadow = `<ellipse cx="${round(-light * cap.width * 0.3)}" cy="1" rx="${round(cap.width * 0.45)}" ry="${round(cap.width * 0.09)}" fill="#000" fill-opacity="0.3"/>`
  const turn = `translate(${round(x)} ${round(y)}) rotate(${round(dice.bell() * 8)}) scale(${round(scale)})`
  return `<g transform="${turn}">${shadow}${drawMushroom(specimen, dice, id)}</g>`
}

function drawBackground(substrate: Substrate, horizon: number, dice: Dice): string {
  const { soil } = GROUND[substrate]
  const open = substrate === 'grass' && dice.chance(0.6)
  const far: Hsl = open
    ? dice.near([200, 30, 72], 8)
    : dice.near(
        dice.pick<Hsl>([
          [100, 25, 30],
          [70, 22, 38],
          [30, 18, 28],
          [130, 15, 22],
        ]),
        8,
      )
  const near = dice.near(soil, 5)
  const blurs = dice.times(dice.between([6, 16]), () => {
    const colour = dice.near(shade(far, dice.bell() * 12), 10)
    const [x, y] = [dice.between([-5, 105]), dice.between([-5, horizon])]
    return `<circle cx="${round(x)}" cy="${round(y)}" r="${round(dice.between([3, 14]))}" fill="${css(colour)}" fill-opacity="${round(dice.between([0.25, 0.7]))}"/>`
  })
  const trunks = open
    ? []
    : dice.times(dice.pick([0, 1, 2, 3]), () => {
        const width = dice.between([4, 12])
        const bark = css(dice.near([28, 22, 24], 6))
        return `<rect x="${round(dice.between([-5, 100]))}" y="-5" width="${round(width)}" height="${round(horizon + 6)}" fill="${bark}" fill-opacity="0.75"/>`
      })
  return `<defs>
      <linearGradient id="far" x2="0" y2="1"><stop offset="0" stop-color="${css(shade(far, 8))}"/><stop offset="1" stop-color="${css(shade(far, -8))}"/></linearGradient>
      <linearGradient id="near" x2="0" y2="1"><stop offset="0" stop-color="${css(shade(near, 6))}"/><stop offset="1" stop-color="${css(shade(near, -6))}"/></linearGradient>
      <filter id="blur" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="${round(dice.between([1.2, 3]))}"/></filter>
    </defs>
    <rect width="100" height="100" fill="url(#far)"/>
    <g filter="url(#blur)">${trunks.join('')}${blurs.join('')}<rect x="-10" y="${round(horizon)}" width="120" height="60" fill="url(#near)"/></g>`
}

/** What covers the ground between two heights of the picture, `density` 1 being a full cover; nearer things are larger. */
function drawLitter(substrate: Substrate, from: number, to: number, dice: Dice, density: number): string {
  const { litter } = GROUND[substrate]
  const counts: Record<Substrate, number> = { grass: 170, leaves: 90, moss: 260, needles: 260, soil: 120 }
  const pieces = dice
    .times(counts[substrate] * density, () => ({ x: dice.between([-4, 104]), y: dice.between([from, to]) }))
    .sort((a, b) => a.y - b.y)
    .map(({ x, y }) => {
      const size = 0.5 + Math.max(0, y - 58) / 42
      const colour = css(dice.near(dice.pick(litter), 7))
      return drawPiece(substrate, x, y, size, colour, dice)
    })
  return pieces.join('')
}

function drawPiece(substrate: Substrate, x: number, y: number, size: number, colour: string, dice: Dice): string {
  switch (substrate) {
    case 'grass': {
      const [lean, high] = [dice.bell() * 4 * size, dice.between([6, 15]) * size]
      return `<path d="${path('M', x - 0.5 * size, y, 'Q', x + lean * 0.2, y - high * 0.6, x + lean, y - high, 'Q', x + lean * 0.4, y - high * 0.5, x + 0.5 * size, y, 'Z')}" fill="${colour}"/>`
    }
    case 'leaves': {
      const [long, wide] = [dice.between([3, 7]) * size, dice.between([1.2, 2.6]) * size]
      const turn = `rotate(${round(dice.between([0, 360]))} ${round(x)} ${round(y)})`
      return `<path transform="${turn}" d="${path('M', x - long, y, 'Q', x, y - wide * 1.6, x + long, y, 'Q', x, y + wide * 1.6, x - long, y)}" fill="${colour}" stroke="#000" stroke-opacity="0.25" stroke-width="0.3"/>`
    }
    case 'moss':
      return `<circle cx="${round(x)}" cy="${round(y)}" r="${round(dice.between([0.8, 2.2]) * size)}" fill="${colour}" fill-opacity="0.85"/>`
    case 'needles': {
      const angle = dice.between([0, Math.PI])
      const long = dice.between([2.5, 6]) * size
      return `<path d="${path('M', x, y, 'l', Math.cos(angle) * long, Math.sin(angle) * long * 0.5)}" stroke="${colour}" stroke-width="${round(0.5 * size)}"/>`
    }
    case 'soil':
      return `<ellipse cx="${round(x)}" cy="${round(y)}" rx="${round(dice.between([0.4, 2]) * size)}" ry="${round(dice.between([0.3, 1.1]) * size)}" fill="${colour}"/>`
  }
}
