import type { CommandEntry } from './define.ts'

const ENTRY_POINT = '/sidecar'
const WORDS: ReadonlySet<string> = new Set(['help', '--version', '-V'])

/**
 * Returns the words for locket when the sidecar image's entry point started it: those of `locket inject`,
 * unless the first word is a command, as in `docker run locket secret list`. `locket inject` takes no words
 * but flags. Returns undefined when another program started it. `path` is the path under which the program
 * was called.
 */
export function wordsOfSidecar(
  argv: readonly string[],
  path: string,
  commands: readonly Pick<CommandEntry, 'name'>[],
): readonly string[] | undefined {
  if (!path.endsWith(ENTRY_POINT)) return undefined
  const [first = ''] = argv
  const isCommand = WORDS.has(first) || commands.some(({ name }) => name === first)
  return isCommand ? argv : ['inject', ...argv]
}
