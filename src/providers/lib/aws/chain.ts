import type { ProviderDeps } from '../../define.ts'
import type { HttpClient } from '../http/http.ts'
import { createAmbientCredential, type AmbientCredential } from '../login/ambient.ts'
import { credentialText, readCredential } from '../login/credential.ts'
import { providerError } from '../provider-error.ts'
import { packKeys, type FoundKeys } from './key-text.ts'
import { createPlatform } from './platform.ts'
import { createProfiles } from './profile.ts'
import { regionalEndpoint } from './region.ts'
import type { AwsSettings } from './settings.ts'
import { createSts, type Sts } from './sts.ts'

/**
 * Makes the credential of a provider without an access key of its own: a web identity, a profile, the role of
 * the container, or the role of the instance, in this order. Its value is made by `packKeys`. `region` is
 * that of the settings.
 */
export function createAwsChain(
  settings: AwsSettings,
  deps: ProviderDeps,
  {
    name,
    region: ownRegion,
    http,
  }: { readonly name: string; readonly region: string | undefined; readonly http: HttpClient },
): AmbientCredential {
  const platform = createPlatform(name, deps)
  const services = new Map<string, Sts>()
  const { configFile, credentialsFile, roleArn, webIdentityTokenFile, roleSessionName } = settings
  const profiles = createProfiles({ name, deps, configFile, credentialsFile, platform, stsOf, readToken })

  function stsOf(region: string | undefined): Sts {
    const used = ownRegion ?? region ?? 'us-east-1'
    const known = services.get(used)
    if (known !== undefined) return known
    const url = settings.stsEndpoint ?? settings.endpoint ?? regionalEndpoint('sts', used)
    const made = createSts(http.at(url), { url, region: used, clock: deps.clock })
    services.set(used, made)
    return made
  }

  async function readToken(path: string): Promise<string> {
    const use = { provider: name, setting: 'aws-web-identity-token-file' }
    const token = await readCredential({ kind: 'file', path }, deps.files, use)
    const text = credentialText(token)
    token.wipe()
    return text
  }

  async function find(signal: AbortSignal): Promise<FoundKeys> {
    if (roleArn !== undefined && webIdentityTokenFile !== undefined) {
      const role = { roleArn, sessionName: roleSessionName }
      return stsOf(undefined).withWebIdentity(role, await readToken(webIdentityTokenFile), signal)
    }
    const { keys, region } = await profiles.read(settings.profile, signal)
    const found = keys ?? (await platform.container(signal)) ?? (await platform.instance(signal))
    if (found !== undefined) return { ...found, region: region ?? found.region }
    throw providerError('credential_missing', `${name} finds no credentials for AWS`, {
      hint: 'set aws-access-key-id (AWS_ACCESS_KEY_ID) and aws-secret-access-key, or aws-profile; there is no default profile, no container endpoint, and no instance metadata that gives a role',
    })
  }

  const ambient = createAmbientCredential({
    title: 'AWS credentials',
    clock: deps.clock,
    async ask(signal) {
      const keys = await find(signal)
      const { expiresAt } = keys
      return {
        value: packKeys(keys),
        lifetimeMs: expiresAt === undefined ? undefined : Math.max(0, expiresAt - deps.clock.now()),
      }
    },
  })
  return {
    ...ambient,
    [Symbol.dispose]() {
      ambient[Symbol.dispose]()
      void platform[Symbol.asyncDispose]()
    },
  }
}
