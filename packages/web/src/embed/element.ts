/**
 * `<sporeprint-console endpoint="/graphql">`: the console as a custom element. Attributes: `endpoint` (required),
 * `stream-endpoint`, `theme` (auto, light, dark), `run` (the id of a run to show). Property: `getToken`, since a token has no
 * place in markup.
 */
import { type ConsoleOptions, type MountedConsole, mountInHost, type Theme } from './mount.tsx'

const themes: readonly Theme[] = ['auto', 'light', 'dark']

export class SporeprintConsoleElement extends HTMLElement {
  static readonly observedAttributes: readonly string[] = ['endpoint', 'stream-endpoint', 'theme', 'run']
  #mounted: MountedConsole | undefined
  #getToken: ConsoleOptions['getToken']

  get getToken(): ConsoleOptions['getToken'] {
    return this.#getToken
  }

  set getToken(getToken: ConsoleOptions['getToken']) {
    this.#getToken = getToken
    this.#mounted?.update({ getToken })
  }

  connectedCallback(): void {
    const endpoint = this.getAttribute('endpoint')
    if (endpoint) this.#mounted ??= mountInHost(this, { ...this.#options(), endpoint })
  }

  disconnectedCallback(): void {
    this.#mounted?.unmount()
    this.#mounted = undefined
  }

  attributeChangedCallback(name: string): void {
    if (!this.#mounted) {
      if (this.isConnected) this.connectedCallback()
      return
    }
    const { view, ...options } = this.#options()
    this.#mounted.update(name === 'run' ? { view: view ?? { name: 'runs' } } : options)
  }

  #options(): Partial<ConsoleOptions> {
    const endpoint = this.getAttribute('endpoint')
    const run = this.getAttribute('run')
    const theme = this.getAttribute('theme')
    return {
      ...(endpoint ? { endpoint } : {}),
      streamEndpoint: this.getAttribute('stream-endpoint') ?? undefined,
      getToken: this.#getToken,
      theme: themes.find((known) => known === theme) ?? 'auto',
      ...(run ? { view: { name: 'run', id: run } } : {}),
    }
  }
}

/** Registers the element; registering it twice, by two scripts on one page, is harmless. */
export function defineConsoleElement(name = 'sporeprint-console'): void {
  if (!customElements.get(name)) customElements.define(name, SporeprintConsoleElement)
}
