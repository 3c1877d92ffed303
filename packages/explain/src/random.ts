/**
 * Counter-based random numbers: a draw is a pure function of the seed, what it is for and its position, so that explanations
 * do not depend on batches or on the order of work. The generator is pcg4d (Jarzynski and Olano, "Hash functions for GPU
 * rendering", JCGT 2020): four u32 words of four, exact in JavaScript and in WGSL alike.
 */

/** What a draw is for: no two purposes share numbers under one seed. */
export const Purpose = { mask: 1, subset: 2, tieBreak: 3, bootstrap: 4, imputation: 5 } as const

export type Words = [number, number, number, number]

/** Four words that belong to (seed, purpose, i, j). */
export function words(seed: number, purpose: number, i: number, j: number): Words {
  const step = (v: number): number => (Math.imul(v, 1664525) + 1013904223) | 0
  let [a, b, c, d] = [step(i), step(j), step(purpose), step(seed)]
  const mix = (): void => {
    a = (a + Math.imul(b, d)) | 0
    b = (b + Math.imul(c, a)) | 0
    c = (c + Math.imul(a, b)) | 0
    d = (d + Math.imul(b, c)) | 0
  }
  mix()
  a ^= a >>> 16
  b ^= b >>> 16
  c ^= c >>> 16
  d ^= d >>> 16
  mix()
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0]
}

/** A uniform number in (0, 1). */
export function uniform(seed: number, purpose: number, i: number, j: number): number {
  return (words(seed, purpose, i, j)[0] + 0.5) / 2 ** 32
}

/** Two independent standard normal numbers (Box–Muller). */
export function normals(seed: number, purpose: number, i: number, j: number): [number, number] {
  const [a, b] = words(seed, purpose, i, j)
  const radius = Math.sqrt(-2 * Math.log((a + 0.5) / 2 ** 32))
  const angle = (2 * Math.PI * b) / 2 ** 32
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}
