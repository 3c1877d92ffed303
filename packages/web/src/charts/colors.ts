/**
 * Canvas cannot read CSS custom properties, and a property that holds `light-dark(…)` is not resolved by getComputedStyle.
 * A hidden probe whose `color` is the property gives the colour of the theme in force.
 */
export function createColorReader(element: HTMLElement): { read(property: string): string; destroy(): void } {
  const probe = element.ownerDocument.createElement('span')
  probe.hidden = true
  element.append(probe)
  return {
    read(property) {
      probe.style.color = `var(${property})`
      return getComputedStyle(probe).color
    },
    destroy: () => probe.remove(),
  }
}
