import type { Theme } from '@sporeprint/web'

const themes: readonly Theme[] = ['auto', 'light', 'dark']

/** A theme by its name; undefined for anything else, such as a value that an older version has stored. */
export function parseTheme(name: string | null): Theme | undefined {
  return themes.find((theme) => theme === name)
}
