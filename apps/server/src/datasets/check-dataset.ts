import type { CheckOptions, FolderReport } from '@sporeprint/engine/node'

/**
 * Opens every file of a dataset folder and reports what is unreadable, there twice, or of another format than its name says.
 * @throws DatasetError when there is no such folder, or its layout contradicts itself
 */
export async function checkDataset(dir: string, options: CheckOptions = {}): Promise<FolderReport> {
  // Only this command needs the engine's decoder; the others should not wait for its native parts to load.
  const { checkImageFolder } = await import('@sporeprint/engine/node')
  return checkImageFolder(dir, options)
}
