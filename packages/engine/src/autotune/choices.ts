/**
 * What has been measured to be fastest on one adapter, in memory and as JSON. A choice is kept by the names of its problem and its
 * variant, and counts only while that variant is still among the problem's candidates: whatever a file says, no variant
 * is run that would not be measured today.
 */
import type { Conv2d, Variant } from '../kernels/conv2d/conv2d.ts'
import {
  type ChosenNames,
  candidates,
  type Pass,
  problemName,
  type VariantChoices,
  variantName,
} from '../kernels/conv2d/conv2d.variants.ts'
import type { Target } from '../kernels/kernel.ts'

export class Choices implements VariantChoices {
  readonly #target: Target
  readonly #names: Map<string, string>

  constructor(target: Target, names: ChosenNames = {}) {
    this.#target = target
    this.#names = new Map(Object.entries(names))
  }

  get(pass: Pass, c: Conv2d): Variant | undefined {
    const name = this.#names.get(problemName(pass, c))
    if (name === undefined) return undefined
    return candidates(pass, c, this.#target).find((variant) => variantName(variant) === name)
  }

  set(pass: Pass, c: Conv2d, variant: Variant): void {
    this.#names.set(problemName(pass, c), variantName(variant))
  }

  get names(): ChosenNames {
    return Object.fromEntries(this.#names)
  }
}

/** What choices hold for: another adapter, another driver or other kernels have other fastest variants. */
export interface ChoicesKey {
  adapter: Readonly<Record<string, string>>
  /** See `kernelVersion`. */
  kernels: string
}

interface ChoicesDocument extends ChoicesKey {
  choices: ChosenNames
}

/** Sorted, so that the same choices are the same text. */
export function encodeChoices(key: ChoicesKey, choices: ChosenNames): string {
  const sorted = Object.fromEntries(Object.entries(choices).sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({ ...key, choices: sorted } satisfies ChoicesDocument, null, 2)}\n`
}

/**
 * The choices of a document for `key`. Null where it is for other kernels or another adapter, as after any update. Throws
 * where it is no such document.
 */
export function decodeChoices(key: ChoicesKey, text: string): ChosenNames | null {
  const document: unknown = JSON.parse(text)
  if (!isDocument(document)) throw new Error('it holds no choices of variants')
  const same =
    document.kernels === key.kernels &&
    encodeChoices({ ...document, kernels: '' }, {}) === encodeChoices({ ...key, kernels: '' }, {})
  return same ? document.choices : null
}

function isDocument(value: unknown): value is ChoicesDocument {
  if (!isRecord(value)) return false
  const { adapter, kernels, choices } = value
  return isNames(adapter) && typeof kernels === 'string' && isNames(choices)
}

const isNames = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((name) => typeof name === 'string')

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
