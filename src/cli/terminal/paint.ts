import { styleText } from 'node:util'
import type { Paint } from '../../core/text/table.ts'
import type { CommandContext } from '../define.ts'

/** Returns the function that colours texts for standard output: on a terminal, and without NO_COLOR. */
export function paintFor({ stdout, env }: Pick<CommandContext, 'stdout' | 'env'>): Paint {
  const isColored = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
  // styleText does not check the stream, because FORCE_COLOR would then put colours into a file.
  return (color, text) => (isColored ? styleText(color, text, { validateStream: false }) : text)
}
