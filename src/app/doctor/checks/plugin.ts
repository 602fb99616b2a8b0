import type { InstalledPlugin } from '../../../core/volume/swarm/swarm-view.ts'
import { failed, noted, ok, problem, type DoctorCheck, type Finding } from '../finding.ts'

/** The place of the configuration folder in the manifest: it means that nobody has set one. */
const NO_FOLDER = '/sys/module'

/** The volume driver: the managed plugin or the daemon, and one of them only. */
export const checkPlugin: DoctorCheck = async ({ host, dockerSocket, pluginSocket, driver }, signal) => {
  const hasDaemon = (await host.access(pluginSocket)) !== undefined
  if ((await host.access(dockerSocket)) === undefined)
    return [noted('without an engine, the plugin is not checked', 'see the engine')]
  try {
    const plugin = await host.plugin(driver, signal)
    if (plugin !== undefined) return findingsOf(plugin, driver, hasDaemon)
  } catch (thrown) {
    return [failed(thrown, 'see the engine')]
  }
  if (hasDaemon) return [ok(`a daemon serves the driver at ${pluginSocket}, and there is no plugin`)]
  return [
    noted(
      `the engine has no plugin ${driver}, and there is no socket ${pluginSocket}`,
      'install the plugin, or start the daemon: systemctl enable --now locket; --driver names another plugin',
    ),
  ]
}

function findingsOf({ isEnabled, mounts }: InstalledPlugin, driver: string, hasDaemon: boolean): Finding[] {
  const folder = mounts.get('config')
  return [
    isEnabled
      ? ok(`the plugin ${driver} is enabled`)
      : problem(
          `the plugin ${driver} is disabled: no volume can be mounted`,
          `docker plugin enable ${driver}`,
        ),
    ...(isEnabled && hasDaemon
      ? [
          problem(
            'a daemon serves the same driver name as the plugin',
            'disable one: systemctl disable --now locket',
          ),
        ]
      : []),
    folder === undefined || folder === NO_FOLDER
      ? noted(
          'config.source is not set: the plugin reads no file of this machine, and loses its volumes with its removal',
          `docker plugin disable -f ${driver}, docker plugin set ${driver} config.source=/etc/locket, and enable it`,
        )
      : ok(`config.source is ${folder}`),
  ]
}
