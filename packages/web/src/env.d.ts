/** Vite hands a stylesheet over as text when it is asked for `?inline`. */
declare module '*.css?inline' {
  const text: string
  export default text
}
