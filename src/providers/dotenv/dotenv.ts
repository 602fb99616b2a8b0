import { parseDotenv } from '../../core/text/dotenv.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { field, section, type SettingsOf } from '../../settings/field.ts'
import { AbsolutePath } from '../../settings/kinds.ts'
import { defineProvider, type ProviderClient, type ProviderDeps } from '../define.ts'
import { readError } from '../lib/login/credential.ts'
import { createVariables, parseVariable, type Variables } from '../lib/variables.ts'
import { providerError } from '../lib/provider-error.ts'

const settings = section('dotenv', '.env file (dotenv), for development', {
  path: field({
    name: 'dotenv-path',
    env: 'DOTENV_PATH',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/development.env',
    summary: 'let references read this .env file, `dotenv://NAME`: for development',
    placeholder: 'FILE',
    file: true,
    driverOption: false,
  }),
})

const MAX_BYTES = 16 * 1024 * 1024

/** The provider `dotenv`: one `.env` file, which is read anew for each batch. The file is at most 16 MiB. */
export const dotenv = defineProvider({
  kind: 'dotenv',
  title: 'A .env file, for development',
  schemes: ['dotenv'],
  autoRefresh: { files: ({ path }) => (path === undefined ? [] : [path]) },
  example: 'dotenv://DB_PASSWORD',
  settings,
  parse: (text, instance) => parseVariable('dotenv', text, instance, { takesAll: true }),
  check: ({ path }) =>
    path === undefined
      ? ["dotenv-path (DOTENV_PATH) is not set, and only locket's own configuration sets it"]
      : [],
  open: async (given, deps, instance) => open(given, deps, instance),
  isLocal: true,
})

function open(
  { path }: SettingsOf<typeof settings>,
  { files, hiddenNames }: ProviderDeps,
  instance: string,
): ProviderClient {
  if (path === undefined) throw providerError('config', 'dotenv needs dotenv-path (DOTENV_PATH)')
  return createVariables({
    instance,
    where: path,
    read: () => readVariables(path, files, instance),
    hiddenNames,
  })
}

async function readVariables(path: string, files: SourceFiles, instance: string): Promise<Variables> {
  const bytes = await files.read(path, { maxBytes: MAX_BYTES }).catch((thrown: unknown) => {
    throw readError(thrown, path, { provider: instance, setting: 'dotenv-path' })
  })
  try {
    const entries = parseDotenv(decode(bytes, path, instance), `${instance}: ${path}`)
    return new Map(entries.map(({ name, value }) => [name, value]))
  } finally {
    bytes.fill(0)
  }
}

function decode(bytes: Uint8Array, path: string, instance: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw providerError('config', `${instance}: ${path} is not UTF-8 text`)
  }
}
