import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { MANAGED_DOCKER_SOCKET } from '../../src/config/volume/daemon.ts'
import { PROTOCOLS } from '../../src/http/docker/plugin.ts'
import { fieldsOf } from '../../src/settings/field.ts'

interface Variable {
  readonly name: string
  readonly description: string
  readonly settable: readonly ['value']
}

/** Variables that Node obeys, not locket. Paths are those inside the plugin. */
const PROCESS_VARIABLES = [
  ['HTTP_PROXY', 'proxy for http:// addresses'],
  ['HTTPS_PROXY', 'proxy for https:// addresses'],
  ['ALL_PROXY', 'proxy for addresses that have none of their own'],
  ['NO_PROXY', 'addresses that are reached without a proxy'],
  ['NODE_EXTRA_CA_CERTS', 'a file of certificates to trust, like /etc/locket/ca.pem'],
] as const

/**
 * Returns config.json, the manifest of the managed plugin. The engine refuses to set a variable that the
 * manifest does not name. A variable without a value is not in the environment of the plugin until somebody
 * sets it.
 */
export function manifest(): string {
  const config = {
    description: 'locket: secrets for containers, on time and gone when done',
    documentation: 'docs/guides/install.md',
    interface: { types: PROTOCOLS.map(({ type }) => type), socket: 'locket.sock' },
    entrypoint: ['/locket/bin/locket', 'volume', '--managed'],
    network: { type: 'host' },
    propagatedMount: '/var/lib/locket',
    linux: { capabilities: ['CAP_SYS_ADMIN'] },
    mounts: [
      {
        name: 'config',
        description: 'folder with locket.toml, token files, templates and state; see docs/guides/install.md',
        destination: '/etc/locket',
        // This folder exists on every Linux host and is not writable. An empty source would mount the
        // engine's working folder.
        source: '/sys/module',
        type: 'bind',
        options: ['rbind'],
        settable: ['source'],
      },
      {
        name: 'docker',
        description: 'socket of the engine, for on-change: root on this host; see docs/guides/reload.md',
        destination: MANAGED_DOCKER_SOCKET,
        // A file that exists on every host: a socket cannot be mounted over a folder.
        source: '/dev/null',
        type: 'bind',
        options: ['bind'],
        settable: ['source'],
      },
    ],
    env: [
      ...settingVariables(),
      ...PROCESS_VARIABLES.map(([name, description]) => variable(name, description)),
    ],
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}

/** Variables of paths that the manifest fixes. */
const FIXED = [
  'LOCKET_PLUGIN_SOCKET',
  'LOCKET_PLUGIN_RUNTIME_DIR',
  'LOCKET_PLUGIN_STATE_DIR',
  'LOCKET_DOCKER_SOCKET',
]

function settingVariables(): Variable[] {
  return fieldsOf(VOLUME_SECTIONS).flatMap((field) => {
    if (field.env === undefined || FIXED.includes(field.env)) return []
    const value = field.default === undefined ? '' : ` (default ${field.default})`
    const own = variable(field.env, `${field.summary}${value}`)
    if (field.credential !== true) return [own]
    return [own, variable(`${field.env}_FILE`, `a file that holds it, below /etc/locket: ${field.summary}`)]
  })
}

function variable(name: string, description: string): Variable {
  return { name, description, settable: ['value'] }
}
