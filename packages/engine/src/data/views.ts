/** Sources made of others, without copying their images. */
import { DatasetError } from './dataset-error.ts'
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

/** At most so many of its images, evenly spread. */
export function thinned(source: ImageSource, most: number): ImageSource {
  if (source.length <= most) return source
  const kept = Uint32Array.from({ length: most }, (_, i) => Math.floor((i * source.length) / most))
  const of = (i: number): number => kept[i] as number
  return {
    ...source,
    length: most,
    labels: kept.map((index) => source.labels[index] as number),
    paths: Array.from(kept, (index) => source.paths[index] as string),
    read: (indices, out) => source.read(Array.from(indices, of), out),
  }
}

/** The same images under other labels: `labels[k]` is what class k of the source is among `classes`. */
export function relabelled(source: ImageSource, classes: readonly string[], labels: readonly number[]): ImageSource {
  return { ...source, classes, labels: source.labels.map((label) => labels[label] as number) }
}

/**
 * For each class of a folder its number in a model, and the model's classes of which there are no images. Throws DatasetError
 * unknown-class where the model does not know one.
 */
export function labelsByName(
  { root, classes }: { root: string; classes: readonly string[] },
  model: { path: string; classes: readonly string[] },
): { labels: number[]; missing: string[] } {
  const unknown = classes.filter((name) => !model.classes.includes(name))
  if (unknown.length > 0) {
    const message = `${model.path} does not know ${list(unknown)} of ${root}, only ${list(model.classes)}: rename or remove what it cannot know`
    throw new DatasetError('unknown-class', root, message)
  }
  return {
    labels: classes.map((name) => model.classes.indexOf(name)),
    missing: model.classes.filter((name) => !classes.includes(name)),
  }
}

const list = (names: readonly string[]): string =>
  `${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`
