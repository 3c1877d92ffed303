/**
 * Random numbers on the device as a pure function of a counter: pcg4d (Jarzynski & Olano, Hash Functions for GPU Rendering,
 * JCGT 2020). Four words of counter give four words of noise, so the order of invocations does not matter.
 */
export const randomWgsl: string = /* wgsl */ `
fn pcg4d(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  return v;
}
/** Four numbers in [0, 1), of 24 bits. */
fn uniform4(counter: vec4u) -> vec4f {
  return vec4f(pcg4d(counter) >> vec4u(8u)) * ${1 / 2 ** 24};
}
`

/** The same hash on the CPU, for references and for drawing initial weights. */
export function pcg4d(a: number, b: number, c: number, d: number): [number, number, number, number] {
  const lcg = (v: number): number => (Math.imul(v, 1664525) + 1013904223) | 0
  let [x, y, z, w] = [lcg(a), lcg(b), lcg(c), lcg(d)]
  const mix = (): void => {
    x = (x + Math.imul(y, w)) | 0
    y = (y + Math.imul(z, x)) | 0
    z = (z + Math.imul(x, y)) | 0
    w = (w + Math.imul(y, z)) | 0
  }
  mix()
  x ^= x >>> 16
  y ^= y >>> 16
  z ^= z >>> 16
  w ^= w >>> 16
  mix()
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0]
}

/** `length` numbers in [−1, 1) from that hash: what kernels are timed on, since some adapters are faster on zeros. */
export function noise(length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length)
  for (let i = 0; i < length; i += 4) {
    const words = pcg4d(i, 0, 0, 0x62656e63)
    for (let j = 0; j < 4 && i + j < length; j++) values[i + j] = (words[j] ?? 0) / 2 ** 31 - 1
  }
  return values
}
