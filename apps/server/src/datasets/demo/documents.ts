/** What is written beside the demo images: what they are, and whose. */
import { DEMO_CLASSES } from './classes.ts'
import { TEST_VENDOR, VENDORS, type Vendor } from './vendors.ts'

export interface Count {
  class: string
  vendor: string
  images: number
}

export function readmeText(size: number, counts: readonly Count[]): string {
  const total = (of: (count: Count) => boolean): number =>
    counts.filter(of).reduce((sum, { images }) => sum + images, 0)
  const vendors = VENDORS.map(({ name }) => name)
  const row = (cells: (string | number)[]): string => `| ${cells.join(' | ')} |`
  const rows = DEMO_CLASSES.map(({ name }) => {
    const cells = vendors.map((vendor) => total((count) => count.class === name && count.vendor === vendor))
    return row([name, ...cells, total((count) => count.class === name)])
  })
  const sums = vendors.map((vendor) => total((count) => count.vendor === vendor))
  return `# Sporeprint demo images

Emoji artwork of six vendors in nine classes, ${size}×${size} px, written by \`sporeprint data demo\`.

- \`train/<class>/<vendor>-<name>.png\`: five vendors. There is no \`valid/\`: training holds a share of these out.
- \`test/<class>/<vendor>-<name>.png\`: the sixth vendor, ${TEST_VENDOR}, so that the test asks whether a model knows the things
  or only the hands that drew them.

Classes are Unicode's emoji subgroups, less those that show something else. Transparent parts lie on white.

${row(['class', ...vendors, 'all'])}
${row(['---', ...vendors.map(() => '--:'), '--:'])}
${rows.join('\n')}
${row(['all', ...sums, total(() => true)])}

The drawings belong to their authors: see LICENSES.md before you pass them on.
`
}

export function licencesText(): string {
  return `# Whose drawings these are

Each file's name begins with its vendor. All were taken as SVG from the npm packages \`@iconify-json/<vendor>\`, drawn as PNG
and laid on a white square; nothing else was changed.

${VENDORS.map(vendorText).join('\n')}
## Notes

- CC-BY-4.0 and CC-BY-SA-4.0 ask for attribution (the lines above), a link to the licence, and a note of changes (the
  paragraph above). **CC-BY-SA-4.0 (openmoji) also asks that what is adapted from those files be passed on under the same
  licence.** Delete \`openmoji-*.png\` if that does not suit you.
- Apache-2.0 (fxemoji, noto): its text is in Apache-2.0.txt beside this file.
- MIT (fluent-emoji-flat):

${indent(MIT)}
Class labels and names are from Unicode, by way of the npm package \`emoji.json\` (MIT).
`
}

const vendorText = ({ name, title, author, source, licence, licenceUrl }: Vendor): string =>
  `- **${name}**: ${title} by ${author} (${source}), ${licence} (${licenceUrl})\n`

const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '      ')

const MIT = `MIT License

Copyright (c) Microsoft Corporation.

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE
`
