/** Learning rates of the groups {stem, layer1, layer2}, {layer3, layer4} and {head}. */
import { headGroup } from '../nn/resnet.ts'

/**
 * fastai's `slice`, the peak rates of the groups: `slice(rate)` gives the body a tenth of the head's rate, `slice(from, to)` goes from
 * the first group's to the head's in equal ratios.
 */
export function slice(rate: number): number[]
export function slice(from: number, to: number): number[]
export function slice(from: number, to?: number): number[] {
  return Array.from({ length: headGroup + 1 }, (_, group) => {
    if (to === undefined) return group === headGroup ? from : from / 10
    return from * (to / from) ** (group / headGroup)
  })
}
