import { checkJson } from '../app/check/json.ts'
import { check, errorsOf } from '../app/check/check.ts'
import { styleText } from 'node:util'
import { checkText, type Paint } from '../app/check/text.ts'
import { checkSection } from '../config/sections/check.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { VOLUME_SECTIONS } from '../config/sections/volume.ts'
import { ERROR_KINDS } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'

/** The command `locket check`. Its exit code is that of the first error in the report, or 0. */
export const command: Command = {
  usage: [
    'locket check [FLAGS] [FILES...]',
    '',
    'Takes every flag of `locket volume` too (--help-all lists them), and its variables and files of settings.',
    'FILES are compose files (.yml, .yaml) and templates. In a compose file, the volumes of this driver and the',
    'provider services are checked; include, extends and files that override it are not followed.',
  ],
  example: 'locket check --config /etc/locket/locket.toml compose.yaml',
  sections: [checkSection, configFileSection],
  more: VOLUME_SECTIONS.filter((section) => section !== configFileSection),
  takes: 'files',
  async run({ argv, env, isRoot, tables, signal, stdout }) {
    const { loadCheckCommand } = await import('../config/check-config.ts')
    const { settings, paths, log, config } = loadCheckCommand({ argv, env, isRoot, tables })
    const { offline, format, timeoutMs } = settings
    const { openCheck, openCommandEvents } = await import('../wire.ts')
    const report = await check(
      { config, paths, offline, timeoutMs, signal },
      openCheck(openCommandEvents(log), env),
    )
    if (format === 'json') {
      stdout.write(checkJson(report))
    } else {
      const isColored = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
      // styleText does not check the stream, because FORCE_COLOR would then put colours into a file.
      const paint: Paint = (color, text) =>
        isColored ? styleText(color, text, { validateStream: false }) : text
      stdout.write(checkText(report, paint))
    }
    const [first] = errorsOf(report)
    return first === undefined ? 0 : ERROR_KINDS[first.code].exit
  },
}
