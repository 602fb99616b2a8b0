import { check, errorsOf } from '../app/check/check.ts'
import { checkJson } from '../app/check/json.ts'
import { checkText } from '../app/check/text.ts'
import { loadCheckCommand } from '../config/check-config.ts'
import { ERROR_KINDS } from '../core/vocabulary/errors.ts'
import { openCheck, openCommandEvents } from '../wire.ts'
import type { Command } from './define.ts'

export const command: Command = {
  async run({ argv, env, isRoot, signal, stdout }) {
    const { settings, paths, log, config } = loadCheckCommand(argv, { env, isRoot })
    const { offline, format, timeoutMs } = settings
    const report = await check(
      { config, paths, offline, timeoutMs, signal },
      openCheck(openCommandEvents(log), env),
    )
    const isColored = stdout.isTTY && (env['NO_COLOR'] ?? '') === ''
    stdout.write(format === 'json' ? checkJson(report) : checkText(report, isColored))
    const [first] = errorsOf(report)
    return first === undefined ? 0 : ERROR_KINDS[first.code].exit
  },
}
