/**
 * Puts a console into an element of a host page. It renders into a shadow root of its own: the page's CSS does not reach in, the
 * console's does not leak out, and CSS custom properties (`--sporeprint-*`) are the theme API between the two.
 */
import { createRoot } from 'react-dom/client'
import { createApi } from '../core/api.ts'
import { hashRouter, memoryRouter, type Router, type View } from '../core/view.ts'
import { ConsoleApp } from '../react/console-app.tsx'
import { consoleSheet } from '../styles/sheet.ts'

export type Theme = 'auto' | 'light' | 'dark'

export interface ConsoleOptions {
  /** URL of the GraphQL endpoint, such as `/graphql`. */
  endpoint: string
  /** URL of the event stream; `<endpoint>/stream` by default. */
  streamEndpoint?: string | undefined
  /** Asked before every request; the answer is sent as a bearer token. */
  getToken?: (() => string | Promise<string>) | undefined
  /** `auto`, the default, follows the reader's system. */
  theme?: Theme | undefined
  /** Told when the reader chooses a theme, so that the host page may remember it. */
  onThemeChange?: ((theme: Theme) => void) | undefined
  /** Where to start; the list of runs by default. */
  view?: View | undefined
  /** Where the view is kept: `memory`, the default, leaves the host page's address alone; `hash` is for a page of its own. */
  routing?: 'memory' | 'hash' | undefined
}

export interface MountedConsole {
  /** Changes options in place; a new `view` navigates there. */
  update(options: Partial<ConsoleOptions>): void
  unmount(): void
}

/**
 * Mounts a console as a child of `element`, beside whatever it already holds.
 * @throws {TypeError} when the endpoint is missing
 */
export function mountConsole(element: HTMLElement, options: ConsoleOptions): MountedConsole {
  const host = element.ownerDocument.createElement('div')
  element.append(host)
  const mounted = mountInHost(host, options)
  return {
    update: mounted.update,
    unmount() {
      mounted.unmount()
      host.remove()
    },
  }
}

/** As `mountConsole`, with `host` itself as the shadow host: for the custom element. */
export function mountInHost(host: HTMLElement, initial: ConsoleOptions): MountedConsole {
  if (!initial.endpoint) {
    throw new TypeError('mountConsole: `endpoint` is missing; give the URL of the GraphQL endpoint, such as "/graphql"')
  }
  const shadow = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  shadow.adoptedStyleSheets = [consoleSheet()]
  const container = host.ownerDocument.createElement('div')
  shadow.append(container)

  let options = initial
  let api = createApi(options)
  const router = createRouter(options)
  const root = createRoot(container)
  render()

  function render(): void {
    const theme = options.theme ?? 'auto'
    root.render(<ConsoleApp api={api} router={router} theme={theme} onTheme={chooseTheme} />)
  }

  function chooseTheme(theme: Theme): void {
    update({ theme })
    options.onThemeChange?.(theme)
  }

  function update(changes: Partial<ConsoleOptions>): void {
    const previous = options
    options = { ...options, ...changes }
    const reconnect =
      options.endpoint !== previous.endpoint ||
      options.streamEndpoint !== previous.streamEndpoint ||
      options.getToken !== previous.getToken
    if (reconnect) api = createApi(options)
    if (changes.view) router.go(changes.view)
    render()
  }

  return {
    update,
    unmount() {
      root.unmount()
      router.destroy()
      container.remove()
    },
  }
}

function createRouter(options: ConsoleOptions): Router {
  return options.routing === 'hash' ? hashRouter(window, options.view) : memoryRouter(options.view ?? { name: 'runs' })
}
