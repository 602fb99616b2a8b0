/** The version of package.json. A test compares the two: the program does not read that file. */
export const VERSION = '0.1.0'
