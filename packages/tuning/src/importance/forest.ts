import { type Draw, drawsOf } from '../random.ts'

/** A regression tree by node: 0 is the root, a node whose feature is −1 is a leaf. x ≤ threshold goes left. */
export interface Tree {
  feature: number[]
  threshold: number[]
  left: number[]
  right: number[]
  /** Mean of the targets that came to the node. */
  value: number[]
}

/**
 * A random forest as scikit-learn's RandomForestRegressor grows it by default: every tree from as many rows drawn with
 * replacement, split where squared error falls most over all features, until targets are equal. The draws are others.
 */
export function growForest(rows: readonly number[][], targets: readonly number[], trees: number, seed: number): Tree[] {
  return Array.from({ length: trees }, (_, trial) => {
    const draw = drawsOf({ seed, trial, attempt: 0, purpose: 'forest' })
    const sample = rows.map(() => Math.floor(draw() * rows.length))
    return growTree(rows, targets, sample, draw)
  })
}

function growTree(rows: readonly number[][], targets: readonly number[], sample: readonly number[], draw: Draw): Tree {
  const tree: Tree = { feature: [], threshold: [], left: [], right: [], value: [] }
  const grow = (members: readonly number[]): number => {
    const node = tree.feature.push(-1) - 1
    tree.threshold.push(0)
    tree.left.push(-1)
    tree.right.push(-1)
    tree.value.push(members.reduce((sum, i) => sum + (targets[i] as number), 0) / members.length)
    const split = bestSplit(rows, targets, members, draw)
    if (split === null) return node
    const goesLeft = (i: number) => ((rows[i] as number[])[split.feature] as number) <= split.threshold
    tree.feature[node] = split.feature
    tree.threshold[node] = split.threshold
    tree.left[node] = grow(members.filter(goesLeft))
    tree.right[node] = grow(members.filter((i) => !goesLeft(i)))
    return node
  }
  grow(sample)
  return tree
}

interface Split {
  feature: number
  threshold: number
}

/** The split after which squared error is least: Σl²/n_l + Σr²/n_r is largest. Equals are decided by lot, feature by feature. */
function bestSplit(
  rows: readonly number[][],
  targets: readonly number[],
  members: readonly number[],
  draw: Draw,
): Split | null {
  const first = targets[members[0] as number]
  if (members.every((i) => targets[i] === first)) return null
  const total = members.reduce((sum, i) => sum + (targets[i] as number), 0)
  let best: Split | null = null
  let bestGain = -Infinity
  for (const feature of shuffled((rows[0] as number[]).length, draw)) {
    const at = (i: number) => (rows[i] as number[])[feature] as number
    const sorted = members.toSorted((a, b) => at(a) - at(b))
    let left = 0
    for (let k = 1; k < sorted.length; k++) {
      const [before, after] = [sorted[k - 1] as number, sorted[k] as number]
      left += targets[before] as number
      if (at(before) === at(after)) continue
      const gain = left ** 2 / k + (total - left) ** 2 / (sorted.length - k)
      if (gain > bestGain) {
        bestGain = gain
        best = { feature, threshold: at(before) / 2 + at(after) / 2 }
      }
    }
  }
  return best
}

function shuffled(n: number, draw: Draw): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1))
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return order
}
