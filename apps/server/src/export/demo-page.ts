/**
 * The script of an exported demo: the model that the page carries, on the page's own WebGPU, asked about whatever image is dropped,
 * chosen or pasted. Nothing leaves the page. It is bundled for a browser, so it imports nothing of Node.
 */
import {
  Classifier,
  type Device,
  decodeSafetensors,
  EngineError,
  modelOf,
  openDevice,
  type Prediction,
  prepareImage,
} from '@sporeprint/engine'

/** As the command line refuses them. */
const mostPixels = 50_000_000

const element = <E extends HTMLElement>(id: string): E => {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return found as E
}

const status = element('status')
const results = element('results')
const preview = element<HTMLImageElement>('preview')

function tell(text: string, isProblem = false): void {
  status.textContent = text
  status.classList.toggle('problem', isProblem)
}

const fail = (error: unknown): void => tell(error instanceof Error ? error.message : String(error), true)

/** The safetensors file that the page carries as text. */
async function carriedModel() {
  const carrier = element('model')
  const response = await fetch(`data:application/octet-stream;base64,${carrier.textContent?.trim()}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  carrier.remove()
  return modelOf(decodeSafetensors(bytes, 'the model of this page'), 'the model of this page')
}

const noWebGpu =
  'This browser offers no WebGPU here. Chrome and Edge from 113, Safari from 26 and Firefox from 141 do, where there is a GPU, for pages from https, localhost or a file.'

async function openGpu(): Promise<Device> {
  if (!navigator.gpu) throw new Error(noWebGpu)
  return openDevice(navigator.gpu).catch((error) => {
    throw error instanceof EngineError && error.code === 'NO_ADAPTER' ? new Error(noWebGpu) : error
  })
}

async function load() {
  tell('Reading the model …')
  const saved = await carriedModel()
  tell('Compiling for this GPU …')
  const device = await openGpu()
  const classifier = await Classifier.load(device, saved, { batch: 1 })
  const { size } = saved.preprocessing
  // What a driver compiles at the first dispatch, it compiles now.
  await classifier.predict(new Uint8Array(4 * size * size))
  return { saved, device, classifier }
}

/** u8 RGBA of a whole image, upright, on white where it is transparent. */
async function pixelsOf(file: Blob) {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw new Error('This is no image that the browser can read.')
  })
  const { width, height } = bitmap
  if (width * height > mostPixels) throw new Error(`${width} × ${height} is more than ${mostPixels / 1e6} megapixels.`)
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('The browser gives no canvas to read the image from.')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return { data: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), width, height }
}

function show({ label, top, outlier }: Prediction): void {
  element('label').textContent = label ?? ''
  element('outlier').hidden = !outlier
  const bars = top.map(({ class: name, probability }) => {
    const row = document.createElement('li')
    const bar = document.createElement('meter')
    bar.value = probability
    const share = document.createElement('span')
    share.textContent = `${(100 * probability).toFixed(1)} %`
    const title = document.createElement('b')
    title.textContent = name
    bar.setAttribute('aria-label', name)
    row.append(title, bar, share)
    return row
  })
  element('bars').replaceChildren(...bars)
  results.hidden = false
}

try {
  const { saved, device, classifier } = await load()
  const { name } = device.adapter
  const ready = `Ready on ${name}.`
  let shown: string | null = null
  const classify = async (file: Blob): Promise<void> => {
    try {
      tell('Looking …')
      const pixels = prepareImage(await pixelsOf(file), saved.preprocessing.size, saved.preprocessing)
      const started = performance.now()
      const [prediction] = await classifier.predict(pixels)
      const ms = performance.now() - started
      if (shown !== null) URL.revokeObjectURL(shown)
      preview.src = shown = URL.createObjectURL(file)
      if (prediction) show(prediction)
      document.documentElement.dataset.prediction = JSON.stringify(prediction)
      tell(`${ms.toFixed(ms < 10 ? 1 : 0)} ms on ${name}.`)
    } catch (error) {
      results.hidden = true
      fail(error)
    }
  }
  // One at a time, in the order in which they come.
  let turn = Promise.resolve()
  const take = (files: FileList | null | undefined): void => {
    for (const file of files ?? []) turn = turn.then(() => classify(file))
  }
  const input = element<HTMLInputElement>('file')
  input.disabled = false
  input.addEventListener('change', () => {
    take(input.files)
    // The same file may be chosen again.
    input.value = ''
  })
  document.addEventListener('paste', (event) => take(event.clipboardData?.files))
  const drop = element('drop')
  document.addEventListener('dragover', (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
  document.addEventListener('dragleave', () => drop.classList.remove('over'))
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    drop.classList.remove('over')
    take(event.dataTransfer?.files)
  })
  tell(ready)
} catch (error) {
  fail(error)
}
