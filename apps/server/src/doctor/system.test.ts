import { describe, expect, it } from 'vitest'
import { adapterCures } from './cures.ts'
import { backportsSource, mesaSource, parseOsRelease, type System } from './system.ts'

const system = (id: string, version: number, codename: string, root = false): System => ({
  platform: 'linux',
  id,
  version,
  codename,
  name: id,
  root,
})

describe('the system', () => {
  it('is read from os-release, quoted or not', () => {
    const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n# a comment\nEMPTY=\n'
    expect(parseOsRelease(text)).toEqual({
      PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)',
      VERSION_ID: '12',
      ID: 'debian',
      EMPTY: '',
    })
  })

  it('takes backports over the mirror and keyring that the machine uses already', () => {
    const own = {
      uri: 'https://near.example/debian',
      suites: ['bookworm'],
      components: ['main'],
      signedBy: '/keys/near.gpg',
    }
    expect(backportsSource('bookworm', [own])).toBe(
      'Types: deb\nURIs: https://near.example/debian\nSuites: bookworm-backports\nComponents: main\nSigned-By: /keys/near.gpg\n',
    )
    expect(backportsSource('bookworm', [])).toContain('Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg')
  })

  it('gives Debian 12 backports and its successors their own Mesa', () => {
    expect(mesaSource(system('debian', 12, 'bookworm'))).toBe('backports')
    expect(mesaSource(system('debian', 13, 'trixie'))).toBe('distribution')
    expect(mesaSource(system('ubuntu', 24.04, 'noble'))).toBe('distribution')
    expect(mesaSource(system('debian', 11, 'bullseye'))).toBeNull()
    expect(mesaSource(system('fedora', 43, ''))).toBeNull()
  })

  it('has exact commands where its packages are known, and advice elsewhere', () => {
    const cures = (...args: Parameters<typeof system>) => adapterCures('adapter', system(...args), {})
    const [addSource, update, install] = cures('debian', 12, 'bookworm')
    expect(addSource).toMatch(
      /^printf 'Types: deb\\nURIs: .*' \| sudo tee \/etc\/apt\/sources\.list\.d\/sporeprint-backports\.sources$/,
    )
    expect(update).toBe('sudo apt-get update')
    expect(install).toBe(
      'sudo apt-get install -y --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1',
    )
    expect(cures('debian', 13, 'trixie', true)).toEqual([
      'apt-get update',
      'apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1',
    ])
    expect(cures('fedora', 43, '')).toEqual(['sudo dnf install -y mesa-vulkan-drivers vulkan-loader'])
    expect(cures('void', 0, '')).toEqual([expect.stringContaining('Vulkan loader')])
  })

  it('does not install drivers against a variable that hides them, or a package that does not load', () => {
    const debian = system('debian', 12, 'bookworm')
    expect(adapterCures('adapter', debian, { VK_DRIVER_FILES: '/none.json' })).toEqual([
      'unset VK_DRIVER_FILES  # it hides every driver but the one it names',
    ])
    expect(adapterCures('package', debian, {})).toEqual(['rm -rf node_modules && npm install'])
  })
})
