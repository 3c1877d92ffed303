/** Who drew the demo images, and on which terms. */

export interface Vendor {
  /** Prefix of the file names, and of the npm package `@iconify-json/<name>`. */
  name: string
  title: string
  author: string
  source: string
  licence: string
  licenceUrl: string
}

export const VENDORS: readonly Vendor[] = [
  {
    name: 'emojione',
    title: 'Emoji One 2.3',
    author: 'Emoji One, continued as EmojiTwo',
    source: 'https://github.com/EmojiTwo/emojitwo',
    licence: 'CC-BY-4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by/4.0/legalcode',
  },
  {
    name: 'fluent-emoji-flat',
    title: 'Fluent Emoji, flat',
    author: 'Microsoft Corporation',
    source: 'https://github.com/microsoft/fluentui-emoji',
    licence: 'MIT',
    licenceUrl: 'https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE',
  },
  {
    name: 'fxemoji',
    title: 'Firefox OS Emoji',
    author: 'Mozilla Foundation',
    source: 'https://github.com/mozilla/fxemoji',
    licence: 'Apache-2.0',
    licenceUrl: 'https://mozilla.github.io/fxemoji/LICENSE.md',
  },
  {
    name: 'noto',
    title: 'Noto Emoji',
    author: 'Google Inc.',
    source: 'https://github.com/googlefonts/noto-emoji',
    licence: 'Apache-2.0',
    licenceUrl: 'https://github.com/googlefonts/noto-emoji/blob/main/svg/LICENSE',
  },
  {
    name: 'openmoji',
    title: 'OpenMoji',
    author: 'OpenMoji, the open-source emoji and icon project of HfG Schwäbisch Gmünd',
    source: 'https://openmoji.org',
    licence: 'CC-BY-SA-4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by-sa/4.0/legalcode',
  },
  {
    name: 'twemoji',
    title: 'Twemoji',
    author: 'Twitter, Inc. and other contributors',
    source: 'https://github.com/jdecked/twemoji',
    licence: 'CC-BY-4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by/4.0/legalcode',
  },
]

/** Held out as test set: whether a classifier knows the things, or only the hands that drew them. */
export const TEST_VENDOR = 'twemoji'
