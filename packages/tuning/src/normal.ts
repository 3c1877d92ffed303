/**
 * The normal distribution, near the limit of f64 everywhere, tails included: densities have to agree with Optuna's to 1e-9.
 * erf and erfc are the rational approximations of FreeBSD's msun (s_erf.c, Sun Microsystems 1993), the quantile is
 * Wichura's AS 241 (Applied Statistics 37, 1988).
 */

const SQRT_HALF = Math.SQRT1_2
/** ln √(2π). */
export const LOG_SQRT_TWO_PI = 0.9189385332046727

// Coefficients by falling power. erf(x) = x + x·P/Q of x² below 0.84375.
const SMALL_P = [
  -2.3763016656650163e-5, -0.005770270296489442, -0.02848174957559851, -0.3250421072470015, 0.12837916709551256,
]
const SMALL_Q = [
  -3.960228278775368e-6, 0.00013249473800432164, 0.005081306281875766, 0.0650222499887673, 0.39791722395915535, 1,
]
// erf(x) = 0.845… + P/Q of |x| − 1 on [0.84375, 1.25].
const ERF_ONE = 0.8450629115104675
const MIDDLE_P = [
  -0.002166375594868791, 0.035478304325618236, -0.11089469428239668, 0.31834661990116175, -0.3722078760357013,
  0.41485611868374833, -0.0023621185607526594,
]
const MIDDLE_Q = [
  0.011984499846799107, 0.01363708391202905, 0.12617121980876164, 0.07182865441419627, 0.540397917702171,
  0.10642088040084423, 1,
]
// erfc(x) = exp(−x² − 0.5625 + R/S)/x, R and S of 1/x², on [1.25, 1/0.35] and beyond.
const NEAR_R = [
  -9.814329344169145, -81.2874355063066, -184.60509290671104, -162.39666946257347, -62.375332450326006,
  -10.558626225323291, -0.6938585727071818, -0.009864944034847148,
]
const NEAR_S = [
  -0.0604244152148581, 6.570249770319282, 108.63500554177944, 429.00814002756783, 645.3872717332679, 434.56587747522923,
  137.65775414351904, 19.651271667439257, 1,
]
const FAR_R = [
  -483.5191916086514, -1025.0951316110772, -637.5664433683896, -160.63638485582192, -17.757954917754752,
  -0.799283237680523, -0.0098649429247001,
]
const FAR_S = [
  -22.44095244658582, 474.52854120695537, 2553.0504064331644, 3199.8582195085955, 1536.729586084437, 325.7925129965739,
  30.33806074348246, 1,
]

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + (coefficients[i] as number)
  return sum
}

/** 1 − erf(x), without loss where it is small. */
export function erfc(x: number): number {
  const magnitude = Math.abs(x)
  if (magnitude < 0.84375) {
    const z = x * x
    return 1 - (x + x * (polynomial(SMALL_P, z) / polynomial(SMALL_Q, z)))
  }
  if (magnitude < 1.25) {
    const s = magnitude - 1
    const ratio = polynomial(MIDDLE_P, s) / polynomial(MIDDLE_Q, s)
    return x > 0 ? 1 - ERF_ONE - ratio : 1 + ERF_ONE + ratio
  }
  if (Number.isNaN(x)) return Number.NaN
  if (x > 28) return 0
  if (x < -6) return 2
  const s = 1 / (x * x)
  const ratio =
    magnitude < 1 / 0.35 ? polynomial(NEAR_R, s) / polynomial(NEAR_S, s) : polynomial(FAR_R, s) / polynomial(FAR_S, s)
  // z has half of x's bits, so that z² is exact and exp(−x²) keeps its digits.
  const z = Math.fround(magnitude)
  const tail = (Math.exp(-z * z - 0.5625) * Math.exp((z - magnitude) * (z + magnitude) + ratio)) / magnitude
  return x > 0 ? tail : 2 - tail
}

/** Φ(x): the standard normal distribution function. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * SQRT_HALF)
}

/** ln Φ(x), also where Φ underflows. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x))
  if (x > -20) return Math.log(normalCdf(x))
  // φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …): asymptotic, and at |x| > 20 small long before it diverges.
  const inverseSquare = 1 / (x * x)
  let sum = 1
  let term = 1
  for (let i = 1; Math.abs(term) > Number.EPSILON && i < 40; i++) sum += term *= -(2 * i - 1) * inverseSquare
  return -0.5 * x * x - Math.log(-x) - LOG_SQRT_TWO_PI + Math.log(sum)
}

const CENTRE_A = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513,
  133.14166789178438, 3.3871328727963665,
]
const CENTRE_B = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579,
  42.31333070160091, 1,
]
const OUTER_C = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
]
const OUTER_D = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
]
const TAIL_E = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487,
  1.7848265399172913, 5.463784911164114, 6.657904643501103,
]
const TAIL_F = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615,
  0.1369298809227358, 0.599832206555888, 1,
]

/** Φ⁻¹(p) for p in [0, 1]. Near 1 ask for −Φ⁻¹(1 − p) instead: 1 − p has the digits that p lost. */
export function normalQuantile(p: number): number {
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * polynomial(CENTRE_A, r)) / polynomial(CENTRE_B, r)
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p))
  if (r === Infinity) return q < 0 ? -Infinity : Infinity
  const magnitude =
    r <= 5
      ? polynomial(OUTER_C, r - 1.6) / polynomial(OUTER_D, r - 1.6)
      : polynomial(TAIL_E, r - 5) / polynomial(TAIL_F, r - 5)
  return q < 0 ? -magnitude : magnitude
}

/** Φ(b) − Φ(a) for a ≤ b, from the tail where both are small. */
export function normalMass(a: number, b: number): number {
  if (a > 0) return normalMass(-b, -a)
  if (b <= 0) return normalCdf(b) - normalCdf(a)
  return 1 - normalCdf(a) - normalCdf(-b)
}

/** ln[Φ(b) − Φ(a)] for a ≤ b, also where both underflow. */
export function logNormalMass(a: number, b: number): number {
  if (a > 0) return logNormalMass(-b, -a)
  if (b > 0) return Math.log1p(-normalCdf(a) - normalCdf(-b))
  const logB = logNormalCdf(b)
  return logB + Math.log1p(-Math.exp(logNormalCdf(a) - logB))
}

/** The q-quantile of the standard normal distribution cut to [a, b], which has to reach within 37 of 0. */
export function truncatedNormalQuantile(q: number, a: number, b: number): number {
  if (a > 0) return -truncatedNormalQuantile(1 - q, -b, -a)
  const mass = normalMass(a, b)
  const below = normalCdf(a) + q * mass
  const x = below <= 0.5 ? normalQuantile(below) : -normalQuantile(normalCdf(-b) + (1 - q) * mass)
  return Math.min(Math.max(x, a), b)
}
