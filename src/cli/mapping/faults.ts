import { formatError, throwErrors, type LocketError } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'

/**
 * Throws the errors that are faults of the file. A provider that has no settings here is only a note: the
 * file may be for another machine.
 */
export function throwFaults(errors: readonly LocketError[], { stderr }: CommandContext): void {
  const [notes, faults] = [errors.filter(isAboutSettings), errors.filter((error) => !isAboutSettings(error))]
  throwErrors(faults)
  for (const note of notes) stderr.write(`note: ${formatError(note)}\n`)
}

function isAboutSettings({ code }: LocketError): boolean {
  return code === 'config'
}
