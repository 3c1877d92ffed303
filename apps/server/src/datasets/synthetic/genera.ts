/**
 * What tells the nine genera apart, for drawing. Taken from what field guides agree on, in coarse: spore print colour shows
 * in ripe gills, the veil leaves a ring or a volva, boletes have pores. Colours overlap between genera on purpose, as in
 * life: no single trait decides.
 */
import type { Hsl, Range } from './dice.ts'

export type CapShape = 'cushion' | 'dome' | 'cone' | 'bell' | 'flat' | 'funnel'
export type CapSurface = 'smooth' | 'glossy' | 'warts' | 'scales' | 'fibres' | 'zones' | 'grooves'
export type StemTexture = 'smooth' | 'net' | 'dots' | 'fibres' | 'pits'
export type Substrate = 'grass' | 'leaves' | 'moss' | 'needles' | 'soil'

export interface Genus {
  name: string
  cap: {
    colours: readonly Hsl[]
    shapes: readonly CapShape[]
    surfaces: readonly CapSurface[]
    /** Of the picture's width, before scaling. */
    width: Range
    /** Height over width. */
    height: Range
  }
  underside: { kind: 'gills' | 'pores'; colours: readonly Hsl[]; lines: Range }
  stem: {
    /** 'cap': about the colour of the cap. */
    colours: readonly Hsl[] | 'cap'
    /** Over the cap's width. */
    length: Range
    thickness: Range
    /** Width at the base over width at the top. */
    base: Range
    textures: readonly StemTexture[]
  }
  /** Share of specimens with what the veil leaves on the stem, and its kind. */
  ring: { share: number; kind: 'skirt' | 'band' | 'web' }
  volva: number
  /** Share that shows drops of milk. */
  milk: number
  substrates: readonly Substrate[]
}

export const GENERA: readonly Genus[] = [
  {
    name: 'Agaricus',
    cap: {
      colours: [
        [40, 25, 88],
        [36, 30, 78],
        [30, 30, 60],
        [26, 32, 45],
      ],
      shapes: ['dome', 'dome', 'flat', 'cushion'],
      surfaces: ['smooth', 'scales', 'scales', 'fibres'],
      width: [40, 58],
      height: [0.28, 0.48],
    },
    underside: {
      kind: 'gills',
      colours: [
        [350, 40, 72],
        [5, 35, 50],
        [15, 40, 26],
      ],
      lines: [60, 80],
    },
    stem: {
      colours: [
        [40, 20, 90],
        [36, 22, 82],
      ],
      length: [0.6, 0.95],
      thickness: [0.16, 0.24],
      base: [1, 1.4],
      textures: ['smooth', 'fibres'],
    },
    ring: { share: 0.85, kind: 'skirt' },
    volva: 0,
    milk: 0,
    substrates: ['grass', 'grass', 'leaves', 'soil'],
  },
  {
    name: 'Amanita',
    cap: {
      colours: [
        [6, 82, 48],
        [12, 80, 52],
        [35, 45, 55],
        [70, 28, 48],
        [40, 15, 88],
        [28, 22, 42],
      ],
      shapes: ['dome', 'dome', 'flat', 'cushion'],
      surfaces: ['warts', 'warts', 'warts', 'smooth', 'grooves'],
      width: [38, 56],
      height: [0.28, 0.5],
    },
    underside: {
      kind: 'gills',
      colours: [
        [45, 25, 92],
        [42, 25, 86],
      ],
      lines: [55, 75],
    },
    stem: {
      colours: [
        [45, 18, 92],
        [40, 16, 85],
      ],
      length: [0.85, 1.3],
      thickness: [0.12, 0.18],
      base: [1.3, 2],
      textures: ['smooth', 'fibres', 'pits'],
    },
    ring: { share: 0.8, kind: 'skirt' },
    volva: 0.75,
    milk: 0,
    substrates: ['leaves', 'moss', 'needles', 'grass'],
  },
  {
    name: 'Boletus',
    cap: {
      colours: [
        [24, 45, 36],
        [28, 48, 44],
        [20, 42, 28],
        [34, 42, 56],
      ],
      shapes: ['cushion', 'cushion', 'dome'],
      surfaces: ['smooth', 'smooth', 'fibres', 'glossy'],
      width: [44, 62],
      height: [0.4, 0.6],
    },
    underside: {
      kind: 'pores',
      colours: [
        [48, 40, 86],
        [54, 55, 66],
        [62, 50, 48],
      ],
      lines: [9, 13],
    },
    stem: {
      colours: [
        [38, 38, 78],
        [32, 36, 66],
        [12, 45, 58],
      ],
      length: [0.55, 0.9],
      thickness: [0.26, 0.4],
      base: [1.2, 1.9],
      textures: ['net', 'net', 'smooth'],
    },
    ring: { share: 0, kind: 'band' },
    volva: 0,
    milk: 0,
    substrates: ['leaves', 'moss', 'needles'],
  },
  {
    name: 'Cortinarius',
    cap: {
      colours: [
        [22, 62, 38],
        [28, 65, 46],
        [272, 26, 46],
        [262, 20, 58],
        [18, 55, 30],
      ],
      shapes: ['bell', 'dome', 'dome', 'flat'],
      surfaces: ['fibres', 'fibres', 'smooth', 'glossy'],
      width: [34, 52],
      height: [0.3, 0.5],
    },
    underside: {
      kind: 'gills',
      colours: [
        [22, 62, 36],
        [26, 60, 44],
        [270, 22, 48],
      ],
      lines: [34, 48],
    },
    stem: {
      colours: [
        [265, 20, 74],
        [32, 32, 74],
        [24, 40, 56],
      ],
      length: [0.8, 1.3],
      thickness: [0.13, 0.21],
      base: [1.2, 2],
      textures: ['fibres', 'fibres', 'smooth'],
    },
    ring: { share: 0.85, kind: 'web' },
    volva: 0,
    milk: 0,
    substrates: ['moss', 'needles', 'leaves'],
  },
  {
    name: 'Entoloma',
    cap: {
      colours: [
        [215, 26, 36],
        [225, 30, 28],
        [28, 18, 44],
        [34, 18, 60],
        [40, 18, 76],
      ],
      shapes: ['bell', 'cone', 'bell', 'flat'],
      surfaces: ['fibres', 'fibres', 'smooth', 'grooves'],
      width: [30, 48],
      height: [0.3, 0.6],
    },
    underside: {
      kind: 'gills',
      colours: [
        [12, 48, 76],
        [8, 45, 66],
        [16, 38, 84],
      ],
      lines: [34, 50],
    },
    stem: {
      colours: [
        [215, 18, 46],
        [30, 15, 70],
        [35, 14, 82],
      ],
      length: [0.95, 1.6],
      thickness: [0.07, 0.13],
      base: [0.95, 1.3],
      textures: ['fibres', 'smooth'],
    },
    ring: { share: 0, kind: 'band' },
    volva: 0,
    milk: 0,
    substrates: ['grass', 'grass', 'moss', 'leaves'],
  },
  {
    name: 'Hygrocybe',
    cap: {
      colours: [
        [4, 85, 48],
        [18, 90, 52],
        [34, 92, 54],
        [46, 90, 56],
        [90, 38, 46],
      ],
      shapes: ['cone', 'cone', 'bell', 'dome'],
      surfaces: ['glossy', 'glossy', 'smooth', 'grooves'],
      width: [28, 44],
      height: [0.38, 0.72],
    },
    underside: {
      kind: 'gills',
      colours: [
        [44, 85, 66],
        [34, 85, 62],
        [20, 75, 60],
      ],
      lines: [20, 30],
    },
    stem: {
      colours: 'cap',
      length: [0.9, 1.6],
      thickness: [0.1, 0.17],
      base: [0.9, 1.1],
      textures: ['smooth', 'smooth', 'fibres'],
    },
    ring: { share: 0, kind: 'band' },
    volva: 0,
    milk: 0,
    substrates: ['grass', 'grass', 'grass', 'moss'],
  },
  {
    name: 'Lactarius',
    cap: {
      colours: [
        [22, 75, 54],
        [18, 60, 46],
        [28, 45, 50],
        [10, 45, 58],
        [60, 14, 42],
      ],
      shapes: ['funnel', 'funnel', 'flat'],
      surfaces: ['zones', 'zones', 'zones', 'smooth', 'glossy'],
      width: [40, 58],
      height: [0.24, 0.36],
    },
    underside: {
      kind: 'gills',
      colours: [
        [28, 65, 72],
        [34, 50, 82],
        [20, 55, 62],
      ],
      lines: [60, 80],
    },
    stem: {
      colours: 'cap',
      length: [0.5, 0.8],
      thickness: [0.17, 0.25],
      base: [0.85, 1.05],
      textures: ['pits', 'pits', 'smooth'],
    },
    ring: { share: 0, kind: 'band' },
    volva: 0,
    milk: 0.65,
    substrates: ['needles', 'needles', 'leaves', 'moss'],
  },
  {
    name: 'Russula',
    cap: {
      colours: [
        [352, 68, 44],
        [330, 38, 38],
        [290, 24, 42],
        [48, 62, 60],
        [92, 26, 52],
        [8, 70, 52],
      ],
      shapes: ['flat', 'flat', 'funnel', 'dome'],
      surfaces: ['smooth', 'smooth', 'grooves', 'glossy'],
      width: [40, 58],
      height: [0.24, 0.4],
    },
    underside: {
      kind: 'gills',
      colours: [
        [48, 30, 92],
        [46, 42, 86],
        [44, 52, 80],
      ],
      lines: [48, 64],
    },
    stem: {
      colours: [
        [45, 14, 93],
        [40, 16, 88],
        [350, 35, 84],
      ],
      length: [0.55, 0.95],
      thickness: [0.18, 0.27],
      base: [0.9, 1.15],
      textures: ['smooth', 'fibres'],
    },
    ring: { share: 0, kind: 'band' },
    volva: 0,
    milk: 0,
    substrates: ['leaves', 'moss', 'needles', 'grass'],
  },
  {
    name: 'Suillus',
    cap: {
      colours: [
        [30, 65, 44],
        [36, 75, 50],
        [22, 58, 34],
        [46, 70, 58],
      ],
      shapes: ['cushion', 'dome', 'flat'],
      surfaces: ['glossy', 'glossy', 'glossy', 'fibres', 'scales'],
      width: [40, 56],
      height: [0.3, 0.46],
    },
    underside: {
      kind: 'pores',
      colours: [
        [50, 85, 62],
        [54, 75, 54],
        [44, 70, 50],
      ],
      lines: [6, 9],
    },
    stem: {
      colours: [
        [48, 65, 68],
        [42, 52, 62],
        [30, 45, 52],
      ],
      length: [0.6, 1],
      thickness: [0.16, 0.25],
      base: [0.95, 1.2],
      textures: ['dots', 'dots', 'smooth'],
    },
    ring: { share: 0.55, kind: 'band' },
    volva: 0,
    milk: 0,
    substrates: ['needles', 'needles', 'needles', 'grass', 'moss'],
  },
]
