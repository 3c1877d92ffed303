import { type DragEvent, type ReactElement, useState } from 'react'
import { ImageIcon } from '../icons.tsx'

/** Files are dropped on it, or chosen: it is a file input's label, so that keys and screen readers reach it as one. */
export function DropZone({
  disabled,
  onFiles,
}: {
  disabled: boolean
  onFiles: (files: readonly File[]) => void
}): ReactElement {
  const [over, setOver] = useState(false)
  const take = (list: FileList | null): void => {
    const files = [...(list ?? [])]
    if (!disabled && files.length > 0) onFiles(files)
  }
  function onDrop(event: DragEvent): void {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer.files)
  }
  return (
    <label
      className="drop-zone"
      data-over={over}
      data-disabled={disabled}
      data-testid="drop-zone"
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <input
        type="file"
        className="visually-hidden"
        accept="image/*"
        multiple
        disabled={disabled}
        onChange={(event) => {
          take(event.target.files)
          event.target.value = ''
        }}
      />
      <ImageIcon />
      <span>
        <strong>Drop images here</strong> or <span className="as-link">choose files</span>
      </span>
      <small className="muted">JPEG, PNG, WebP, GIF or TIFF, up to 50 MB each</small>
    </label>
  )
}
