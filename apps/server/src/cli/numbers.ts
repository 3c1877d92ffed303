import { InvalidArgumentError } from 'commander'

/** Reads an option's text as a whole number within bounds. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = toNumber(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }

/** Reads an option's text as a number within bounds. */
export const realNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = toNumber(text)
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`)
  }

/** NaN for anything but a number; Number('') would be 0. */
const toNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text))
