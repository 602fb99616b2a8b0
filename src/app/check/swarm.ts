import type { CheckConfig } from '../../config/check-config.ts'
import { shortHash } from '../../core/keys/short-hash.ts'
import type { SwarmSecret } from '../../core/volume/swarm/swarm-engine.ts'
import type { InstalledPlugin, SwarmManager, SwarmView } from '../../core/volume/swarm/swarm-view.ts'
import { addFacts, LocketError, partsOf, toLocketError } from '../../core/vocabulary/errors.ts'
import { parseSecretTemplate } from '../swarm/secret-template.ts'
import type { CheckedPlace } from './place.ts'

/** The Swarm of this manager, to be checked. */
export interface SwarmToCheck {
  readonly view: SwarmView
  /** The name of the secret driver, which is the alias of the plugin. */
  readonly driver: string
  /** Names of variables whose values are not compared, because they are credentials. */
  readonly credentials: ReadonlySet<string>
}

/** The result for the Swarm. It holds no value. */
export interface SwarmCheckReport {
  readonly managers: readonly SwarmManager[]
  /** Short texts that are equal on managers with the same build of the plugin, and the same settings. */
  readonly build?: string
  readonly settings?: string
  /** The number of secrets of the driver. */
  readonly secrets: number
  readonly problems: readonly LocketError[]
  readonly warnings: readonly string[]
}

interface Found {
  readonly managers: readonly SwarmManager[]
  readonly plugin: InstalledPlugin | undefined
  readonly secrets: readonly SwarmSecret[]
}

const SECRET_TYPE = 'docker.secretprovider/1.0'
const LEADS_WITHOUT =
  'install and enable it there: while that manager leads, no task with a Swarm secret starts, and each costs 15 s'

/**
 * Checks this manager and, as far as its API tells, the others. Returns the references of the Swarm's secrets
 * as places, whose providers are then asked. Never rejects, but with the reason of `signal`.
 */
export async function checkSwarm(
  { view, driver, credentials }: SwarmToCheck,
  config: CheckConfig,
  signal: AbortSignal,
): Promise<{ readonly report: SwarmCheckReport; readonly places: readonly CheckedPlace[] }> {
  let found: Found
  try {
    const managers = await view.managers(driver, signal)
    const plugin = await view.plugin(driver, signal)
    found = { managers, plugin, secrets: await view.secrets(driver, signal) }
  } catch (thrown) {
    signal.throwIfAborted()
    const report = { managers: [], secrets: 0, problems: [toLocketError(thrown)], warnings: [] }
    return { report, places: [] }
  }
  const { managers, plugin, secrets } = found
  const read = secrets.map((secret) => placeOf(secret, config))
  const problems = [
    ...pluginProblems(plugin, driver),
    ...managers.flatMap((manager) => managerProblems(manager, driver)),
    ...read.flatMap(({ errors }) => errors),
  ]
  const report = {
    // The engine tells itself what it has at once, and the others a little later.
    managers: managers.map((one) => (one.isHere ? { ...one, hasDriver: isReady(plugin) } : one)),
    ...(plugin === undefined
      ? {}
      : { build: shortHash(plugin.layers), settings: settingsHash(plugin, credentials, config) }),
    secrets: secrets.length,
    problems,
    warnings: warningsAbout(found, config),
  }
  return { report, places: read.flatMap(({ place }) => place ?? []) }
}

function isReady(plugin: InstalledPlugin | undefined): boolean {
  return plugin?.isEnabled === true && plugin.types.includes(SECRET_TYPE)
}

function pluginProblems(plugin: InstalledPlugin | undefined, driver: string): LocketError[] {
  if (plugin === undefined)
    return [
      new LocketError('config', `this manager has no plugin ${driver}`, {
        hint: 'install it on each manager before the first Swarm secret; --driver names another alias',
      }),
    ]
  if (!plugin.types.includes(SECRET_TYPE))
    return [
      new LocketError('config', `the plugin ${driver} of this manager is not a secret driver`, {
        hint: 'it is of an old version, or another program: upgrade it',
      }),
    ]
  if (plugin.isEnabled) return []
  return [
    new LocketError('config', `the plugin ${driver} of this manager is disabled`, {
      hint: `docker plugin enable ${driver}`,
    }),
  ]
}

function managerProblems({ isHere, isReachable, hasDriver, ...it }: SwarmManager, driver: string) {
  if (isHere || hasDriver || !isReachable) return []
  return [
    new LocketError('config', `manager ${it.name} (${it.id}) has no enabled plugin ${driver}`, {
      hint: LEADS_WITHOUT,
    }),
  ]
}

function warningsAbout({ managers, plugin }: Found, { configPaths }: CheckConfig): string[] {
  const away = managers.filter(({ isReachable }) => !isReachable)
  const folder = plugin?.mounts.get('config')
  const file = `${folder}/locket.toml`
  const isOther = folder !== undefined && configPaths.length > 0 && !configPaths.includes(file)
  return [
    ...away.map(({ name, id }) => `manager ${name} (${id}) is out of reach, so it is not checked`),
    ...(isOther ? [`the plugin reads ${file}, and this check did not: name it with --config`] : []),
  ]
}

/** Reads the labels of a secret as the plugin does. */
function placeOf(
  { name, labels }: SwarmSecret,
  { daemon }: CheckConfig,
): { readonly place?: CheckedPlace; readonly errors: readonly LocketError[] } {
  try {
    const { template, providers } = parseSecretTemplate(daemon.swarm.secretConfig(labels))
    return {
      place: { label: '', providers, templates: [{ where: `Swarm secret ${name}`, template }] },
      errors: [],
    }
  } catch (thrown) {
    return { errors: partsOf(addFacts(toLocketError(thrown), { secret: name })) }
  }
}

/**
 * Hashes what has to be equal on all managers: the settings of the plugin, and those of the files that were
 * read. No credential is in it: a hash of a weak one could be guessed.
 */
function settingsHash(
  { variables, mounts }: InstalledPlugin,
  credentials: ReadonlySet<string>,
  { daemon }: CheckConfig,
): string {
  const { swarm, cacheTtlMs } = daemon
  const shown = [...variables]
    .filter(([name]) => !credentials.has(name))
    .map(([name, value]) => [name, withoutLogin(value)])
  const { providers, key } = swarm.secretConfig({ 'locket.secret': '-' })
  const instances = providers.map(({ name, def, settings }) => [
    name,
    def.kind,
    Object.entries(settings)
      .filter(([setting]) => def.settings.fields[setting]?.credential !== true)
      .map(([setting, value]) => [setting, typeof value === 'string' ? withoutLogin(value) : value]),
  ])
  const { ttlMs, staleMs, rules } = swarm
  return shortHash([shown, [...mounts], { ttlMs, staleMs, cacheTtlMs, rules, key, instances }])
}

/** Returns the text without user and password of an address, such as that of a proxy. */
function withoutLogin(text: string): string {
  return text.replace(/^((?:[a-z][a-z0-9+.-]*:)?\/\/)?[^/?#]*@/i, '$1')
}
