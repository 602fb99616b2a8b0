import type { CommandEntry } from '../define.ts'

/** Returns the text of `locket --help`. It needs only the registry, so no command's file is loaded. */
export function overview(commands: readonly Pick<CommandEntry, 'name' | 'summary'>[]): string {
  return [
    'locket: secrets for containers, on time and gone when done',
    '',
    'Usage: locket COMMAND [FLAGS]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`),
    '',
    'Example: locket secret set db/password',
    '',
    '`locket help COMMAND` tells more, `locket --version` shows the version. Exit codes: docs/reference/errors.md.',
    '',
  ].join('\n')
}
