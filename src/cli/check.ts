import { checkJson } from '../app/check/json.ts'
import { check } from '../app/check/check.ts'
import { errorsOf, isGood } from '../app/check/report.ts'
import type { SwarmToCheck } from '../app/check/swarm.ts'
import { checkText } from '../app/check/text.ts'
import type { CheckConfig } from '../config/check-config.ts'
import { checkSection } from '../config/sections/check.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { VOLUME_SECTIONS } from '../config/sections/volume.ts'
import type { Clock } from '../core/ports/clock.ts'
import { ERROR_KINDS } from '../core/vocabulary/errors.ts'
import { engineSocket } from './admin/engine-socket.ts'
import type { Command } from './define.ts'
import { paintFor } from './terminal/paint.ts'
import { readInput } from './terminal/read-stream.ts'

/** The command `locket check`. Its exit code is that of the first error, 78 for a strict warning, or 0. */
export const command: Command = {
  usage: [
    'locket check [FLAGS] [FILES...]',
    '',
    'Takes every flag of `locket volume` too (--help-all lists them), and its variables and files of settings.',
    'FILES are compose files (.yml, .yaml), folders with a compose file, templates, and - for standard input.',
    'Without FILES: the compose file of the working directory and /etc/locket/locket.toml, where they are.',
    'In a compose file, the volumes of this driver and the provider services are checked; include, extends and',
    'files that override it are not followed.',
    'With --swarm, on a manager, as root: the plugin here and on the other managers, and the references of the',
    'secrets of the Swarm. It reads from the socket of the engine, and changes nothing.',
  ],
  example: 'locket check --config /etc/locket/locket.toml compose.yaml',
  sections: [checkSection, configFileSection],
  more: VOLUME_SECTIONS.filter((section) => section !== configFileSection),
  takes: 'files',
  async run(context) {
    const { argv, env, isRoot, tables, signal, stdout } = context
    const { loadCheckCommand } = await import('../config/check-config.ts')
    const { settings, paths, log, exposed, config } = loadCheckCommand({ argv, env, isRoot, tables })
    const { offline, strict, format, timeoutMs, drivers } = settings
    const { openCheck, openCommandEvents } = await import('../wire.ts')
    const deps = openCheck(openCommandEvents(log, exposed), env)
    const swarm = settings.swarm ? await openSwarm(config, deps.clock, drivers?.[0]) : undefined
    const report = await check(
      {
        config,
        paths,
        offline,
        strict,
        timeoutMs,
        signal,
        ...(swarm === undefined ? {} : { swarm, isAlone: true }),
      },
      {
        ...deps,
        readInput: (maxBytes) => readInput(context.stdin, maxBytes, signal),
      },
    )
    if (format === 'json') {
      stdout.write(checkJson(report))
    } else {
      stdout.write(checkText(report, paintFor(context)))
    }
    const [first] = errorsOf(report)
    if (first !== undefined) return ERROR_KINDS[first.code].exit
    return isGood(report) ? 0 : ERROR_KINDS.config.exit
  },
}

/** Returns what the check of a Swarm needs. `driver`: another name of the plugin. */
async function openSwarm({ daemon }: CheckConfig, clock: Clock, driver = 'locket'): Promise<SwarmToCheck> {
  const { loadEngineClients } = await import('../wire.ts')
  const { openSwarmView } = await loadEngineClients()
  const { credentialVariables } = await import('../config/entries/child-environment.ts')
  return { view: openSwarmView(engineSocket(daemon), clock), driver, credentials: credentialVariables() }
}
