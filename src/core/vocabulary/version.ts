/** Of package.json, as a test proves: the program does not read that file. */
export const VERSION = '0.1.0'
