import type { NearDuplicate } from '@sporeprint/engine'

/** A pair of images that look the same, on one line. */
export function describePair({ first, second, distance }: NearDuplicate): string {
  const faults = [
    ...(first.class === second.class ? [] : [`${first.class} and ${second.class}`]),
    ...(first.split === second.split ? [] : [`${first.split} and ${second.split}`]),
  ]
  return `${first.path} ~ ${second.path} (${[`${distance} of 64 bits`, ...faults].join(', ')})`
}
