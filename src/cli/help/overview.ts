import type { CommandSummary } from '../define.ts'

/** What `locket --help` says. Apart from the pages, which need every declaration of a setting. */
export function overview(commands: readonly CommandSummary[]): string {
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
    '`locket help COMMAND` tells more, `locket --version` the version. Each error has its exit code: docs/reference/errors.md.',
    '',
  ].join('\n')
}
