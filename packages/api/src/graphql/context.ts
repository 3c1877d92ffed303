import type { Services } from '../services.ts'

/** What a resolver may use. Made anew for every operation and every event of a subscription: loaders cache by it. */
export interface Context {
  services: Services
  /** True where only this machine's user can ask: file paths are shown to nobody else. */
  local: boolean
}
