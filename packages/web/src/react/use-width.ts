import { type RefObject, useEffect, useRef, useState } from 'react'

/** The width of an element in pixels, as it is now: for drawings whose text keeps its size. `usual` until it is on the page. */
export function useWidth<E extends HTMLElement>(usual: number): [RefObject<E | null>, number] {
  const element = useRef<E>(null)
  const [width, setWidth] = useState(usual)
  useEffect(() => {
    const { current } = element
    if (!current) return
    const observer = new ResizeObserver(() => {
      if (current.clientWidth > 0) setWidth(current.clientWidth)
    })
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return [element, width]
}
