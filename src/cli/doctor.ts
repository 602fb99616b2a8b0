import { diagnose } from '../app/doctor/doctor.ts'
import { doctorJson, doctorText, isHealthy } from '../app/doctor/text.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { doctorSection } from '../config/sections/check.ts'
import { VOLUME_SECTIONS } from '../config/sections/volume.ts'
import { engineSocket } from './admin/engine-socket.ts'
import type { Command } from './define.ts'
import { paintFor } from './terminal/paint.ts'

/** The command `locket doctor`. Its exit code is 1 when something is a problem. */
export const command: Command = {
  usage: [
    'locket doctor [FLAGS]',
    '',
    'Looks at this machine as root: settings, engine, plugin, swap, permissions, clock, proxies, and the login',
    'at each provider that is configured. Each finding comes with its cure. It changes nothing, reads no',
    'secret, and takes every flag of `locket volume` too (--help-all lists them).',
  ],
  example: 'sudo locket doctor',
  sections: [doctorSection, configFileSection],
  more: VOLUME_SECTIONS.filter((section) => section !== configFileSection),
  async run(context) {
    const { argv, env, tables, signal, stdout } = context
    const { loadDoctorCommand } = await import('../config/check-config.ts')
    const { settings, log, daemon, problems, configFiles, providers } = loadDoctorCommand({
      argv,
      env,
      tables,
    })
    const { openCheck, openCommandEvents, loadEngineClients } = await import('../wire.ts')
    const deps = openCheck(openCommandEvents(log), env)
    const { openHostView } = await loadEngineClients()
    const dockerSocket = engineSocket(daemon)
    const { driver, folder, timeoutMs, format } = settings
    const found = await diagnose(
      {
        host: openHostView(dockerSocket, deps.clock),
        env,
        dockerSocket,
        pluginSocket: daemon.socket,
        driver,
        folder,
        problems,
        configFiles,
      },
      { providers, timeoutMs, signal },
      deps,
    )
    stdout.write(format === 'json' ? doctorJson(found) : doctorText(found, paintFor(context)))
    return isHealthy(found) ? 0 : 1
  },
}
