/** The program's source, for `node MAIN ARGS…`. */
export const MAIN = new URL('../../src/main.ts', import.meta.url).pathname
