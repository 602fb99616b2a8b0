import { errnoOf, isLocketError } from '../../../core/vocabulary/errors.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import type { ProviderDeps } from '../../define.ts'
import { readError } from '../login/credential.ts'
import { nearHint } from '../names/name-hint.ts'
import { programEnvironment, runProgram } from '../program/run-program.ts'
import { providerError } from '../provider-error.ts'
import { FoundKeys, PlatformKeys } from './key-text.ts'
import type { AwsPlatform } from './platform.ts'
import { parseSharedFile, splitCommand, type Profile } from './profile-files.ts'
import type { Role, Sts } from './sts.ts'

const MAX_FILE_BYTES = 1024 * 1024
const MAX_OUTPUT_BYTES = 64 * 1024
/** The longest chain of roles. AWS limits a session of a role that came from a role to an hour. */
const MOST_ROLES = 5
/** Milliseconds for which the keys of a program are used when it does not say when they expire. */
const PROGRAM_MS = 300_000

/** The options of `createProfiles`. */
interface ProfilesOptions {
  readonly name: string
  readonly deps: ProviderDeps
  /** The two files. Undefined: those in the home directory. */
  readonly configFile: string | undefined
  readonly credentialsFile: string | undefined
  readonly platform: AwsPlatform
  /** Returns the Security Token Service of a region; undefined: of the region of the settings. */
  readonly stsOf: (region: string | undefined) => Sts
  readonly readToken: (path: string, signal: AbortSignal) => Promise<string>
}

/** Gives the keys of profiles. */
interface Profiles {
  /**
   * Resolves with the keys of a profile, and its region. Without a name it is `default`, which need not exist
   * and need not have keys. Rejects with `config` for a profile that is not there or cannot be used.
   */
  read(name: string | undefined, signal: AbortSignal): Promise<ReadProfile>
}

interface ReadProfile {
  readonly keys?: FoundKeys
  readonly region?: string | undefined
}

/** Makes the reader of profiles. It reads the files anew each time. */
export function createProfiles(options: ProfilesOptions): Profiles {
  const { name: provider, deps, platform } = options

  async function readFile(path: string | undefined, usual: string, setting: string): Promise<string> {
    const home = deps.env['HOME'] ?? ''
    if (path === undefined && !home.startsWith('/')) return ''
    const place = path ?? `${home}/.aws/${usual}`
    try {
      const bytes = await deps.files.read(place, { maxBytes: MAX_FILE_BYTES })
      const text = new TextDecoder().decode(bytes)
      bytes.fill(0)
      return text
    } catch (thrown) {
      const isAbsent = isLocketError(thrown) && errnoOf(thrown.cause) === 'ENOENT'
      if (path === undefined && isAbsent) return ''
      throw readError(thrown, place, { provider, setting })
    }
  }

  async function readAll(): Promise<ReadonlyMap<string, Profile>> {
    const [config, credentials] = await Promise.all([
      readFile(options.configFile, 'config', 'aws-config-file'),
      readFile(options.credentialsFile, 'credentials', 'aws-shared-credentials-file'),
    ])
    const profiles = new Map(parseSharedFile(config, true))
    for (const [name, own] of parseSharedFile(credentials, false))
      profiles.set(name, { ...profiles.get(name), ...own })
    return profiles
  }

  async function keysOf(name: string, chain: Chain): Promise<FoundKeys> {
    const { profiles, seen, signal } = chain
    const profile = profiles.get(name)
    if (profile === undefined)
      throw unusable(
        name,
        'does not exist',
        nearHint(name, profiles.keys()) ?? 'aws-config-file names its file',
      )
    const isAgain = seen.includes(name)
    if (profile['role_arn'] !== undefined && !isAgain) {
      if (seen.length >= MOST_ROLES) throw unusable(name, `is the end of more than ${MOST_ROLES} roles`)
      return keysOfRole(name, profile, { profiles, seen: [...seen, name], signal })
    }
    if (/^(["']).*\1$/.test(profile['aws_secret_access_key'] ?? ''))
      throw unusable(name, 'has its key in quotes', 'write it without: they are a part of the key')
    const found = staticKeys(profile) ?? (await programKeys(name, profile, signal))
    if (found !== undefined) return found
    if (isAgain) throw unusable(name, 'takes on a role with its own keys, and has none')
    throw withoutKeys(name, profile)
  }

  async function keysOfRole(name: string, profile: Profile, chain: Chain): Promise<FoundKeys> {
    if (profile['mfa_serial'] !== undefined)
      throw unusable(name, 'needs a code of a device (mfa_serial), and nobody can be asked for one')
    const role: Role = {
      roleArn: profile['role_arn'] ?? '',
      sessionName: profile['role_session_name'] ?? 'locket',
      externalId: profile['external_id'],
      durationSeconds: profile['duration_seconds'],
    }
    const sts = options.stsOf(profile['region'])
    const tokenFile = profile['web_identity_token_file']
    if (tokenFile !== undefined)
      return sts.withWebIdentity(role, await options.readToken(tokenFile, chain.signal), chain.signal)
    const { secretAccessKey, ...source } = await sourceKeys(name, profile, chain)
    const secret = Secret.fromText(secretAccessKey)
    try {
      return await sts.withKeys(role, { ...source, secretAccessKey: secret }, chain.signal)
    } finally {
      secret.wipe()
    }
  }

  async function sourceKeys(name: string, profile: Profile, chain: Chain): Promise<FoundKeys> {
    const { source_profile: source, credential_source: place } = profile
    if (source !== undefined) return keysOf(source, chain)
    const found =
      place === 'Ec2InstanceMetadata'
        ? await platform.instance(chain.signal)
        : place === 'EcsContainer'
          ? await platform.container(chain.signal)
          : place === 'Environment'
            ? environmentKeys(deps.env)
            : undefined
    if (found !== undefined) return found
    throw unusable(
      name,
      place === undefined
        ? 'has a role_arn without source_profile or credential_source'
        : 'finds no keys at its credential_source',
    )
  }

  async function programKeys(
    name: string,
    profile: Profile,
    signal: AbortSignal,
  ): Promise<FoundKeys | undefined> {
    const [program, ...args] = splitCommand(profile['credential_process'] ?? '')
    if (program === undefined) return undefined
    const end = await runProgram({
      provider,
      program,
      args,
      env: programEnvironment(deps.env, AWS_VARIABLES),
      maxBytes: MAX_OUTPUT_BYTES,
      signal,
      from: `the program of credential_process in profile ${name}`,
    })
    const keys = end.code === 0 ? parseOutput(end.output) : undefined
    end.output.fill(0)
    if (keys !== undefined) return { expiresAt: deps.clock.now() + PROGRAM_MS, ...keys }
    throw unusable(
      name,
      end.code === 0
        ? 'has a credential_process that writes no keys of version 1'
        : `has a credential_process that fails (exit code ${end.code})`,
      'run it by hand',
    )
  }

  function unusable(name: string, says: string, hint?: string) {
    return providerError('config', `${provider}: profile ${JSON.stringify(name)} ${says}`, { hint })
  }

  function withoutKeys(name: string, profile: Profile) {
    const isSso = Object.keys(profile).some((key) => key.startsWith('sso_'))
    if (!isSso) return unusable(name, 'has no keys, no role_arn and no credential_process')
    return unusable(
      name,
      'is one of IAM Identity Center (sso_…), which locket does not speak',
      `write into it: credential_process = aws configure export-credentials --profile ${name} --format process`,
    )
  }

  return {
    async read(name, signal) {
      const profiles = await readAll()
      const own = profiles.get(name ?? 'default')
      if (name === undefined && (own === undefined || !KEY_SOURCES.some((key) => own[key] !== undefined)))
        return { region: own?.['region'] }
      const keys = await keysOf(name ?? 'default', { profiles, seen: [], signal })
      return { keys, region: own?.['region'] }
    },
  }
}

/** The properties that give keys, or say where they are. */
const KEY_SOURCES = [
  'aws_access_key_id',
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'web_identity_token_file',
]

/** The state of a search for keys. */
interface Chain {
  readonly profiles: ReadonlyMap<string, Profile>
  /** The profiles whose role is being taken on. */
  readonly seen: readonly string[]
  readonly signal: AbortSignal
}

/** The variables that a `credential_process` gets, beside the usual ones. */
const AWS_VARIABLES = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']

function staticKeys(profile: Profile): FoundKeys | undefined {
  const keys = FoundKeys.safeParse({
    accessKeyId: profile['aws_access_key_id'],
    secretAccessKey: profile['aws_secret_access_key'],
    sessionToken: profile['aws_session_token'],
  })
  // They are read anew for each batch, because a file can be replaced.
  return keys.success ? { ...keys.data, expiresAt: 0 } : undefined
}

function environmentKeys(env: ProviderDeps['env']): FoundKeys | undefined {
  const keys = FoundKeys.safeParse({
    accessKeyId: env['AWS_ACCESS_KEY_ID'],
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'],
    sessionToken: env['AWS_SESSION_TOKEN'],
  })
  return keys.success ? keys.data : undefined
}

function parseOutput(output: Uint8Array): FoundKeys | undefined {
  try {
    return PlatformKeys.safeParse(JSON.parse(new TextDecoder().decode(output))).data
  } catch {
    // The error of the parser is not kept, because its text quotes the keys.
    return undefined
  }
}
