/** The border between data and training: anything that can fill a batch with pixels. */
export interface ImageSource {
  /** Side of each image, in pixels. */
  readonly size: number
  /** Number of images. */
  readonly length: number
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[]
  /** labels[i] is the class of image i. */
  readonly labels: Uint32Array
  /** paths[i] names image i for people. */
  readonly paths: readonly string[]
  /** Bytes of an image where it is not given by its pixels, but for instance by its features (train/features.ts). */
  readonly imageBytes?: number
  /**
   * Fills `out` with images `indices` in that order: u8 RGBA (alpha 255), [n, size, size, 4].
   * Concurrent reads are allowed. May resolve to the positions in `indices`, ascending, whose files turned out to be no readable
   * images: batches leave them out.
   */
  read(indices: ArrayLike<number>, out: Uint8Array): Promise<void> | Promise<readonly number[]>
}

/** Bytes that `read` fills for each image. */
export const imageBytesOf = ({
  size,
  imageBytes = 4 * size * size,
}: Pick<ImageSource, 'size' | 'imageBytes'>): number => imageBytes
