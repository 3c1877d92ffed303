/**
 * graphql-js, by the file that Node itself takes for it. Vite and vitest take its ESM twin where they are left the choice,
 * while Pothos and Apollo stay with this one; and two copies refuse each other's types.
 */
export * from 'graphql/index.js'
