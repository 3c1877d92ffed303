/** The script of a page that trains on the page's own `navigator.gpu`. */
import { openDevice } from '@sporeprint/engine'
import { type EngineResult, work } from './engine-work.ts'

declare global {
  interface Window {
    trainHere: () => Promise<EngineResult>
  }
}

window.trainHere = async () => {
  const device = await openDevice(navigator.gpu)
  try {
    return await work(device)
  } finally {
    await device.destroy()
  }
}
