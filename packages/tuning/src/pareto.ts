/** Losses of several objectives: less is better in each. */
export type Losses = readonly number[]

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Losses, b: Losses): boolean {
  let better = false
  for (let k = 0; k < a.length; k++) {
    if ((a[k] as number) > (b[k] as number)) return false
    if ((a[k] as number) < (b[k] as number)) better = true
  }
  return better
}

/**
 * The front of each point: 0 where none dominates it, 1 where only those of front 0 do, and so on. Points are entered in
 * lexicographic order, in which no later point dominates an earlier one (Zhang et al., "An efficient approach to
 * nondominated sorting", IEEE TEVC 19, 2015).
 */
export function nondominationRanks(points: readonly Losses[]): Int32Array {
  const ranks = new Int32Array(points.length)
  const fronts: Losses[][] = []
  const order = points.map((_, i) => i).sort((a, b) => compareLosses(points[a] as Losses, points[b] as Losses))
  for (const i of order) {
    const point = points[i] as Losses
    let rank = fronts.findIndex((front) => !front.some((other) => dominates(other, point)))
    if (rank < 0) rank = fronts.push([]) - 1
    fronts[rank]?.push(point)
    ranks[i] = rank
  }
  return ranks
}

function compareLosses(a: Losses, b: Losses): number {
  for (let k = 0; k < a.length; k++) {
    if (a[k] !== b[k]) return (a[k] as number) < (b[k] as number) ? -1 : 1
  }
  return 0
}

/**
 * The volume that `points` dominate up to `reference`, which none may exceed. By slices along the last objective: the volume
 * is a sum of areas of one dimension less times the distance to the next point.
 */
export function hypervolume(points: readonly Losses[], reference: Losses): number {
  const d = reference.length
  if (points.length === 0) return 0
  if (d === 1) return (reference[0] as number) - Math.min(...points.map(([loss]) => loss as number))
  const byLast = points.toSorted((a, b) => (a[d - 1] as number) - (b[d - 1] as number))
  let volume = 0
  let front: Losses[] = []
  byLast.forEach((point, i) => {
    const slice = point.slice(0, -1)
    if (!front.some((other) => other.every((loss, k) => loss <= (slice[k] as number)))) {
      front = front.filter((other) => !dominates(slice, other))
      front.push(slice)
    }
    const next = (byLast[i + 1] ?? reference)[d - 1] as number
    const height = next - (point[d - 1] as number)
    if (height > 0) volume += height * hypervolume(front, reference.slice(0, -1))
  })
  return volume
}

/** Indices of `count` points that together dominate much volume: greedily the one that adds most, first of equals. */
export function hypervolumeSubset(points: readonly Losses[], count: number, reference: Losses): number[] {
  const chosen: number[] = []
  const left = new Set(points.keys())
  while (chosen.length < count && left.size > 0) {
    const taken = chosen.map((i) => points[i] as Losses)
    let best = -1
    let bestVolume = -Infinity
    for (const i of left) {
      const volume = hypervolume([...taken, points[i] as Losses], reference)
      if (volume > bestVolume) [best, bestVolume] = [i, volume]
    }
    chosen.push(best)
    left.delete(best)
  }
  return chosen
}

/** What each point alone dominates of the volume of all. */
export function hypervolumeContributions(points: readonly Losses[], reference: Losses): number[] {
  const all = hypervolume(points, reference)
  return points.map((_, i) => all - hypervolume(points.toSpliced(i, 1), reference))
}

/** Optuna's reference point: a tenth of its own size worse than the worst of each objective. */
export function referencePoint(points: readonly Losses[]): number[] {
  return (points[0] ?? []).map((_, k) => {
    const worst = points.reduce((max, point) => Math.max(max, point[k] as number), -Infinity)
    return Math.max(1.1 * worst, 0.9 * worst) || 1e-12
  })
}

/** Indices of the `count` best of several objectives: whole fronts, and of the one that does not fit those that dominate most. */
export function bestByFronts(points: readonly Losses[], count: number): number[] {
  const ranks = nondominationRanks(points)
  const best: number[] = []
  for (let rank = 0; best.length < Math.min(count, points.length); rank++) {
    const front = points.flatMap((_, i) => (ranks[i] === rank ? [i] : []))
    const room = count - best.length
    if (front.length <= room) {
      best.push(...front)
      continue
    }
    // An infinite loss has no volume: such points come last.
    const finite = front.filter((i) => isFinitePoint(points[i] as Losses))
    const losses = finite.map((i) => points[i] as Losses)
    const chosen = hypervolumeSubset(losses, room, referencePoint(losses)).map((k) => finite[k] as number)
    const others = front.filter((i) => !isFinitePoint(points[i] as Losses))
    best.push(...chosen, ...others.slice(0, room - chosen.length))
  }
  return best
}

export function isFinitePoint(point: Losses): boolean {
  return point.every(Number.isFinite)
}
