import { ExplainInputError } from './errors.ts'

/** ŷ = intercept + x · coefficients. */
export interface LinearModel {
  coefficients: Float64Array
  intercept: number
  /** Weighted R² on the rows that it was fitted to. */
  r2: number
}

/** A design that is factorised once and fitted to as many targets as are asked of it. */
export interface Ridge {
  fit(y: ArrayLike<number>): LinearModel
  /** (XᵀWX + αI)⁻¹ b for the centred X. */
  solve(b: Float64Array): Float64Array
  /** Weighted means of the columns. */
  means: Float64Array
}

/**
 * Weighted ridge regression min Σ wᵢ (yᵢ − β₀ − xᵢ·β)² + α|β|² with a free intercept: columns and target are centred by their
 * weighted means, and (XᵀWX + αI) β = XᵀWy goes by Cholesky. x is [rows, columns], row-major. A column that depends on
 * those before it gets 0 where α is 0.
 */
export function ridge(x: Float64Array, columns: number, weights: ArrayLike<number>, alpha: number): Ridge {
  const rows = weights.length
  if (x.length !== rows * columns) {
    throw new ExplainInputError(
      `x holds ${x.length} numbers: ${rows} weights and ${columns} columns need ${rows * columns}`,
    )
  }
  const mass = sum(weights)
  if (!(mass > 0)) throw new ExplainInputError(`The weights sum to ${mass}: some sample must count`)
  const means = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++)
      means[j] = (means[j] as number) + (weights[i] as number) * (x[i * columns + j] as number)
  }
  for (let j = 0; j < columns; j++) means[j] = (means[j] as number) / mass
  const centred = x.map((value, i) => value - (means[i % columns] as number))
  const factor = cholesky(gram(centred, columns, weights, alpha), columns)
  const solve = (b: Float64Array): Float64Array => solveCholesky(factor, columns, b)

  const fit = (y: ArrayLike<number>): LinearModel => {
    let yMean = 0
    for (let i = 0; i < rows; i++) yMean += (weights[i] as number) * (y[i] as number)
    yMean /= mass
    const moments = new Float64Array(columns)
    for (let i = 0; i < rows; i++) {
      const weighted = (weights[i] as number) * ((y[i] as number) - yMean)
      for (let j = 0; j < columns; j++)
        moments[j] = (moments[j] as number) + weighted * (centred[i * columns + j] as number)
    }
    const coefficients = solve(moments)
    let [residual, total] = [0, 0]
    for (let i = 0; i < rows; i++) {
      const deviation = (y[i] as number) - yMean
      let predicted = 0
      for (let j = 0; j < columns; j++) predicted += (centred[i * columns + j] as number) * (coefficients[j] as number)
      residual += (weights[i] as number) * (deviation - predicted) ** 2
      total += (weights[i] as number) * deviation ** 2
    }
    const intercept = yMean - dot(coefficients, means)
    // A constant target is explained wholly or not at all, as in scikit-learn's r2_score.
    const r2 = total === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / total
    return { coefficients, intercept, r2 }
  }
  return { fit, solve, means }
}

/** What a model makes of the rows of x [rows, features]. */
export function predictions(
  { x, features }: { x: Float64Array; features: number },
  { coefficients, intercept }: Omit<LinearModel, 'r2'>,
): Float64Array {
  const predicted = new Float64Array(x.length / features)
  for (let s = 0, i = 0; s < predicted.length; s++) {
    let value = intercept
    for (let f = 0; f < features; f++, i++) value += (x[i] as number) * (coefficients[f] as number)
    predicted[s] = value
  }
  return predicted
}

/** What it leaves of y. */
export function residualsOf(
  design: { x: Float64Array; features: number },
  y: Float64Array,
  model: Omit<LinearModel, 'r2'>,
): Float64Array {
  const predicted = predictions(design, model)
  return y.map((value, s) => value - (predicted[s] as number))
}

/** XᵀWX + αI, its lower triangle. */
function gram(x: Float64Array, columns: number, weights: ArrayLike<number>, alpha: number): Float64Array {
  const matrix = new Float64Array(columns * columns)
  for (let i = 0; i < weights.length; i++) {
    const row = x.subarray(i * columns, (i + 1) * columns)
    for (let j = 0; j < columns; j++) {
      const weighted = (weights[i] as number) * (row[j] as number)
      for (let k = 0; k <= j; k++)
        matrix[j * columns + k] = (matrix[j * columns + k] as number) + weighted * (row[k] as number)
    }
  }
  for (let j = 0; j < columns; j++) matrix[j * columns + j] = (matrix[j * columns + j] as number) + alpha
  return matrix
}

/**
 * L of A = LLᵀ, in place of A's lower triangle. A pivot that cancellation left without digits becomes infinite, which makes
 * that unknown 0 and leaves the others alone.
 */
export function cholesky(a: Float64Array, n: number): Float64Array {
  for (let j = 0; j < n; j++) {
    const whole = a[j * n + j] as number
    for (let k = 0; k < j; k++) a[j * n + j] = (a[j * n + j] as number) - (a[j * n + k] as number) ** 2
    const pivot = a[j * n + j] as number
    const root = pivot > 1e-12 * whole ? Math.sqrt(pivot) : Infinity
    a[j * n + j] = root
    for (let i = j + 1; i < n; i++) {
      let value = a[i * n + j] as number
      for (let k = 0; k < j; k++) value -= (a[i * n + k] as number) * (a[j * n + k] as number)
      a[i * n + j] = value / root
    }
  }
  return a
}

/** x of LLᵀx = b. */
export function solveCholesky(l: Float64Array, n: number, b: Float64Array): Float64Array {
  const x = Float64Array.from(b)
  for (let i = 0; i < n; i++) {
    let value = x[i] as number
    for (let k = 0; k < i; k++) value -= (l[i * n + k] as number) * (x[k] as number)
    x[i] = value / (l[i * n + i] as number)
  }
  for (let i = n - 1; i >= 0; i--) {
    let value = x[i] as number
    for (let k = i + 1; k < n; k++) value -= (l[k * n + i] as number) * (x[k] as number)
    x[i] = value / (l[i * n + i] as number)
  }
  return x
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number)
  return total
}

export function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i] as number
  return total
}
