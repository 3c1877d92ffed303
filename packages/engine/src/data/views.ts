/** Sources made of others, without copying their images. */
import { type ImageSource, imageBytesOf } from './image-source.ts'

/** Sources of one size and the same classes, one after another. */
export function concatenated(sources: readonly ImageSource[]): ImageSource {
  const [first] = sources
  if (!first) throw new RangeError('there is no source to concatenate')
  const places = sources.flatMap((source) => Array.from({ length: source.length }, (_, index) => ({ source, index })))
  const bytes = imageBytesOf(first)
  return {
    ...first,
    length: places.length,
    labels: Uint32Array.from(places, ({ source, index }) => source.labels[index] as number),
    paths: places.map(({ source, index }) => source.paths[index] as string),
    async read(indices, out) {
      const failed = await Promise.all(
        Array.from(indices, async (at, i) => {
          const place = places[at]
          if (!place) throw new RangeError(`image ${at} of ${places.length} does not exist`)
          return (await place.source.read([place.index], out.subarray(i * bytes, (i + 1) * bytes)))?.length ? [i] : []
        }),
      )
      return failed.flat()
    },
  }
}

/** The same images under other labels: `labels[k]` is what class k of the source is among `classes`. */
export function relabelled(source: ImageSource, classes: readonly string[], labels: readonly number[]): ImageSource {
  return { ...source, classes, labels: source.labels.map((label) => labels[label] as number) }
}
