/** The nine classes of the demo images, as Unicode groups its emoji, less those that show something else. */

export interface DemoClass {
  name: string
  /** Unicode's subgroups, as the emoji.json package names them. */
  subgroups: readonly string[]
  /** Emoji of these subgroups that are no good example of the class: signs, parts, places, things merely filed there. */
  without: readonly string[]
}

export const DEMO_CLASSES: readonly DemoClass[] = [
  { name: 'building', subgroups: ['place-building'], without: ['brick', 'rock', 'wood', 'Statue of Liberty'] },
  {
    name: 'clothing',
    subgroups: ['clothing'],
    without: ['folding hand fan', 'shopping bags', 'hair pick', 'prayer beads', 'lipstick', 'ring', 'gem stone'],
  },
  { name: 'dish', subgroups: ['food-prepared', 'food-asian'], without: ['salt', 'canned food', 'takeout box'] },
  { name: 'mammal', subgroups: ['animal-mammal'], without: ['pig nose', 'paw prints'] },
  {
    name: 'plant',
    subgroups: ['plant-flower', 'plant-other'],
    // The white flower is a stamp of praise; a mushroom is no plant.
    without: ['white flower', 'rosette', 'empty nest', 'nest with eggs', 'mushroom'],
  },
  { name: 'produce', subgroups: ['food-fruit', 'food-vegetable'], without: ['brown mushroom'] },
  { name: 'sky', subgroups: ['sky & weather'], without: [] },
  { name: 'tool', subgroups: ['tool'], without: [] },
  {
    name: 'vehicle',
    subgroups: ['transport-ground'],
    without: [
      'bus stop',
      'construction',
      'fuel pump',
      'horizontal traffic light',
      'motorway',
      'oil drum',
      'police car light',
      'railway track',
      'roller skate',
      'skateboard',
      'station',
      'stop sign',
      'vertical traffic light',
      'wheel',
    ],
  },
]

/** Drawings that do not show what their name says: a face that wears them; a black shape that lost its style sheet. */
export const MISDRAWN: readonly string[] = ['fxemoji/sunglasses', 'fxemoji/tram car']
