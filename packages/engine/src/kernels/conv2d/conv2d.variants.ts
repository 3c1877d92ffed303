/** Which variant computes a pass of a convolution. */
import type { Target } from '../kernel.ts'
import { filterGradientProduct } from './conv2d.filter-gradient.ts'
import { forwardProduct } from './conv2d.forward.ts'
import { inputGradientProduct } from './conv2d.input-gradient.ts'
import { type Conv2d, chooseVariant, type Product, type Variant } from './conv2d.ts'

export type Pass = 'forward' | 'inputGradient' | 'filterGradient'

const products: Record<Pass, (c: Conv2d) => Product> = {
  forward: forwardProduct,
  inputGradient: inputGradientProduct,
  filterGradient: filterGradientProduct,
}

/** The variant for one pass of a convolution on an adapter. */
export const variantFor = (pass: Pass, c: Conv2d, target: Target): Variant => chooseVariant(products[pass](c), target)
