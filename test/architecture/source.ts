import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One import of a file. */
export interface Import {
  /** A path from the top folder, or a package. */
  readonly target: string
  readonly isType: boolean
}

const STRING_OR_COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'/g

/** Every TypeScript file of the project, by its path from the top folder. */
export const texts = new Map(
  globSync('{src,test,scripts,bench}/**/*.ts')
    .toSorted()
    .map((path) => [path, readFileSync(path, 'utf8')]),
)

/** Paths of the files of the program, tests not among them. */
export const program = [...texts.keys()].filter(
  (path) => path.startsWith('src/') && !path.endsWith('.test.ts'),
)

/** The imports of a file, with those of types and late ones. */
export function importsOf(path: string): readonly Import[] {
  const text = texts.get(path) ?? ''
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  )
  return [...found].map(([, isType, fixed, lazy = '']) => {
    const name = fixed ?? lazy
    return { target: name.startsWith('.') ? join(dirname(path), name) : name, isType: isType !== undefined }
  })
}

/** A file without its strings and comments. */
export function codeOf(path: string): string {
  return (texts.get(path) ?? '').replaceAll(STRING_OR_COMMENT, '')
}
