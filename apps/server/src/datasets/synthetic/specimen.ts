/** One mushroom: its traits drawn from those of its genus. */
import { type Dice, type Hsl, shade } from './dice.ts'
import type { CapShape, CapSurface, Genus, StemTexture } from './genera.ts'

export interface Specimen {
  cap: { colour: Hsl; shape: CapShape; surface: CapSurface; width: number; height: number; marks: Hsl }
  underside: { kind: 'gills' | 'pores'; colour: Hsl; lines: number }
  stem: { colour: Hsl; length: number; top: number; base: number; texture: StemTexture; bend: number }
  ring: 'skirt' | 'band' | 'web' | null
  volva: boolean
  milk: boolean
  /** Seen from below (negative) or above: the rim's height over its width. */
  pitch: number
  /** Where the light comes from: -1 left, 1 right. */
  light: number
}

/** A genus narrowed to one species: those that grow together look alike. */
export function speciesOf(genus: Genus, dice: Dice): Genus {
  const { cap, underside, stem } = genus
  return {
    ...genus,
    cap: {
      ...cap,
      colours: [dice.pick(cap.colours)],
      shapes: [dice.pick(cap.shapes)],
      surfaces: [dice.pick(cap.surfaces)],
    },
    underside: { ...underside, colours: [dice.pick(underside.colours)] },
    stem: {
      ...stem,
      colours: stem.colours === 'cap' ? 'cap' : [dice.pick(stem.colours)],
      textures: [dice.pick(stem.textures)],
    },
  }
}

/** A specimen as the genus has them; `light` and `pitch` belong to the picture. */
export function grow(genus: Genus, dice: Dice, pitch: number, light: number): Specimen {
  const { cap, underside, stem, ring } = genus
  const colour = dice.near(dice.pick(cap.colours), 7)
  const width = dice.between(cap.width)
  const stemColour = stem.colours === 'cap' ? shade(dice.near(colour, 5), 9) : dice.near(dice.pick(stem.colours), 5)
  const top = dice.between(stem.thickness) * width
  return {
    cap: {
      colour,
      shape: dice.pick(cap.shapes),
      surface: dice.pick(cap.surfaces),
      width,
      height: dice.between(cap.height) * width,
      marks: dice.near(shade(colour, colour[2] > 60 ? -28 : -14), 5),
    },
    underside: {
      kind: underside.kind,
      colour: dice.near(dice.pick(underside.colours), 4),
      lines: Math.round(dice.between(underside.lines)),
    },
    stem: {
      colour: stemColour,
      length: dice.between(stem.length) * width,
      top,
      base: top * dice.between(stem.base),
      texture: dice.pick(stem.textures),
      bend: dice.bell() * width * 0.06,
    },
    ring: dice.chance(ring.share) ? ring.kind : null,
    volva: dice.chance(genus.volva),
    milk: dice.chance(genus.milk),
    pitch: pitch + dice.bell() * 0.03,
    light: light + dice.bell() * 0.1,
  }
}
