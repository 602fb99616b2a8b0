import { ERROR_KINDS } from '../../core/vocabulary/errors.ts'
import type { CommandEntry } from '../define.ts'

/**
 * Returns the text of `locket --help`, and with `isAll` of `locket --help-all`, which has the exit codes too.
 * It needs only the registry, so no command's file is loaded.
 */
export function overview(
  commands: readonly Pick<CommandEntry, 'name' | 'summary'>[],
  { isAll }: { readonly isAll: boolean },
): string {
  return [
    'locket: secrets for containers, on time and gone when done',
    '',
    'Usage: locket COMMAND [FLAGS]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`),
    '',
    ...(isAll ? ['Exit codes:', ...exitCodes(), ''] : []),
    'Example: locket secret set db/password',
    '',
    '`locket help COMMAND` tells more, `locket --version` shows the version, `locket --help-all` the exit codes.',
    '',
  ].join('\n')
}

/** Returns a line for each meaning of an exit code, in the order of codes. */
function exitCodes(): string[] {
  const kinds = Object.values(ERROR_KINDS).toSorted((a, b) => a.exit - b.exit)
  const all = [{ exit: 0, meaning: 'success' }, ...kinds]
  return all.map(({ exit, meaning }, index) => {
    const code = all[index - 1]?.exit === exit ? '' : String(exit)
    return `  ${code.padEnd(5)}${meaning}`
  })
}
