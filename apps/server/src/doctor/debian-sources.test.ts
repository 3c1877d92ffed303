import { describe, expect, it } from 'vitest'
import { parseDeb822, parseOneLine, sourceOf } from './debian-sources.ts'

describe('the sources of a Debian machine', () => {
  it('reads one-line sources with their options and passes over comments, discs and source packages', () => {
    const text = `
# deb http://old.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/own.gpg] https://mirror.example/debian bookworm main contrib # near
deb-src https://mirror.example/debian bookworm main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
`
    expect(parseOneLine(text)).toEqual([
      {
        uri: 'https://mirror.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/own.gpg',
      },
    ])
  })

  it('reads deb822 stanzas with comments, continuation lines, several addresses and embedded keys', () => {
    const text = `Types: deb deb-src
# snapshot of May
URIs: http://one.example/debian http://two.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
`
    const suites = ['bookworm', 'bookworm-updates']
    const signedBy = '/usr/share/keyrings/debian-archive-keyring.gpg'
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://one.example/debian', suites, components: ['main'], signedBy },
      { uri: 'http://two.example/debian', suites, components: ['main'], signedBy },
      {
        uri: 'http://one.example/debian-security',
        suites: ['bookworm-security'],
        components: ['main'],
        signedBy: null,
      },
    ])
  })

  it('takes the first source of a suite that has the main component', () => {
    const source = (uri: string, components: string[]) => ({ uri, suites: ['bookworm'], components, signedBy: null })
    const sources = [source('http://a.example', ['contrib']), source('http://b.example', ['main'])]
    expect(sourceOf('bookworm', sources)?.uri).toBe('http://b.example')
    expect(sourceOf('trixie', sources)).toBeNull()
  })
})
