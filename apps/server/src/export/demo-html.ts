import { encodeSafetensors, fileOf, type SavedModel } from '@sporeprint/engine'

export interface DemoOptions {
  /** The page's script: one ES module. */
  script: string
  /** Weights in half precision, which makes half the page. */
  half: boolean
}

/** One page that carries the model and all that it takes to ask it. */
export function demoHtml(saved: SavedModel, { script, half }: DemoOptions): string {
  const { arch, classes, preprocessing } = saved
  const model = Buffer.concat([...encodeSafetensors(fileOf(saved), { half })]).toString('base64')
  const listed =
    classes.length > 12 ? `${classes.slice(0, 12).join(', ')} and ${classes.length - 12} more` : classes.join(', ')
  const facts = `${names[arch]}, ${preprocessing.size} × ${preprocessing.size} pixels, ${classes.length} classes`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Sporeprint">
<title>${escapeHtml(shorten(classes.join(', ')))}?</title>
<style>${style}</style>
<main>
  <h1>What is it?</h1>
  <p class="facts">${escapeHtml(facts)}: ${escapeHtml(listed)}</p>
  <label id="drop"><input id="file" type="file" accept="image/*" disabled multiple><span>Drop an image here, or choose one</span></label>
  <p id="status" role="status">Loading …</p>
  <section id="results" aria-live="polite" hidden>
    <img id="preview" alt="the image">
    <div>
      <h2 id="label"></h2>
      <p id="outlier" hidden>It is unlike the images that this network knows: it may be none of these.</p>
      <ol id="bars"></ol>
    </div>
  </section>
  <footer>The image stays on this machine. Made with Sporeprint.</footer>
</main>
<script type="application/octet-stream" id="model">${model}</script>
<script type="module">${script.replaceAll('</script', '<\\/script')}</script>
</html>
`
}

const names = { resnet18: 'ResNet-18', resnet34: 'ResNet-34', resnet50: 'ResNet-50' }

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text)

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] as string)

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d1b20, #ece8ee); --soft: light-dark(#6b6570, #a29ba8);
  --line: light-dark(#d9d3dd, #443e49); --paper: light-dark(#fbf9fc, #19171b); --accent: light-dark(#7a4a9e, #c79be8); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem; }
h1 { font-size: 1.75rem; margin: 0; }
h2 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.facts, footer, #status { color: var(--soft); }
.facts { margin: .25rem 0 1.5rem; }
#status { min-height: 1.5em; margin: .75rem 0 1.5rem; font-size: .9rem; }
#status.problem { color: light-dark(#a4262c, #ff9a9a); }
#drop { display: grid; place-items: center; min-height: 9rem; padding: 1rem; border: 2px dashed var(--line);
  border-radius: .75rem; cursor: pointer; text-align: center; }
#drop:hover, #drop.over, #drop:focus-within { border-color: var(--accent); color: var(--accent); }
#drop input { position: absolute; opacity: 0; width: 1px; height: 1px; }
#results { display: grid; grid-template-columns: minmax(0, 16rem) minmax(0, 1fr); gap: 1.5rem; align-items: start; }
#results[hidden] { display: none; }
#preview { width: 100%; border-radius: .5rem; border: 1px solid var(--line); }
#outlier { border-left: 3px solid var(--accent); padding-left: .75rem; margin: 0 0 .75rem; }
#bars { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem; }
#bars li { display: grid; grid-template-columns: minmax(0, 9rem) 1fr 4rem; gap: .75rem; align-items: center; }
#bars b { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#bars span { text-align: right; font-variant-numeric: tabular-nums; }
meter { width: 100%; height: .75rem; appearance: none; border: 0; border-radius: 1rem; background: var(--line); }
meter::-webkit-meter-bar { border: 0; border-radius: 1rem; background: var(--line); height: .75rem; }
meter::-webkit-meter-optimum-value { border-radius: 1rem; background: var(--accent); }
meter::-moz-meter-bar { border-radius: 1rem; background: var(--accent); }
footer { margin-top: 2.5rem; font-size: .85rem; }
@media (max-width: 34rem) { #results { grid-template-columns: 1fr; } #bars li { grid-template-columns: minmax(0, 6rem) 1fr 4rem; } }
`
