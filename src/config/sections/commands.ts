import { PROVIDERS } from '../../providers/index.ts'
import type { Field, Section } from '../../settings/field.ts'
import { checkSection } from './check.ts'
import { composeSection } from './compose.ts'
import { configFileSection } from './config-file.ts'
import { environmentSection, variableSecretsSection } from './environment.ts'
import { exportSection } from './export.ts'
import { execSection } from './exec.ts'
import { filesSection } from './files.ts'
import { injectSection } from './inject.ts'
import { logSection } from './log.ts'
import { outputsSection } from './outputs.ts'
import { providerSection } from './providers.ts'
import {
  secretGetSection,
  secretImportSection,
  secretListSection,
  secretSetSection,
  storeSection,
} from './secret.ts'
import { daemonSection, volumeSection } from './volume.ts'

/** The sections of `locket volume` whose values the program reads by name. */
export const VOLUME = {
  configFile: configFileSection,
  provider: providerSection,
  log: logSection,
  files: filesSection({
    maxFileSize: 'LOCKET_VOLUME_DEFAULT_MAX_FILE_SIZE',
    policy: 'LOCKET_VOLUME_DEFAULT_INJECT_POLICY',
  }),
  volume: volumeSection,
  daemon: daemonSection,
} as const

/** The settings of each kind of provider. */
export const PROVIDER_SECTIONS: readonly Section[] = PROVIDERS.map((def) => def.settings)

/** All sections of `locket volume`, in the order of help and reference. */
export const VOLUME_SECTIONS: readonly Section[] = [
  VOLUME.volume,
  VOLUME.files,
  VOLUME.provider,
  ...PROVIDER_SECTIONS,
  VOLUME.daemon,
  VOLUME.configFile,
  VOLUME.log,
]

/** What every command that renders templates takes beside its own sections. */
export const RENDERING = {
  provider: providerSection,
  configFile: configFileSection,
  log: logSection,
} as const

export const RENDERING_SECTIONS: readonly Section[] = [
  RENDERING.provider,
  ...PROVIDER_SECTIONS,
  RENDERING.configFile,
  RENDERING.log,
]

/** What `locket export` reads by name. */
export const EXPORT = {
  export: exportSection,
  environment: environmentSection,
  secrets: variableSecretsSection,
} as const

export const EXPORT_SECTIONS: readonly Section[] = [...Object.values(EXPORT), ...RENDERING_SECTIONS]

/** What `locket compose` reads by name. */
export const COMPOSE = {
  environment: environmentSection,
  secrets: variableSecretsSection,
  compose: composeSection,
} as const

export const COMPOSE_SECTIONS: readonly Section[] = [...Object.values(COMPOSE), ...RENDERING_SECTIONS]

/** How files are written by commands that are no volume driver. */
const writtenSection = filesSection({ maxFileSize: 'MAX_FILE_SIZE', policy: 'INJECT_POLICY' })

export const INJECT = { outputs: outputsSection, inject: injectSection, files: writtenSection } as const

/** All sections of `locket inject`, in the order of help and reference. */
export const INJECT_SECTIONS: readonly Section[] = [...Object.values(INJECT), ...RENDERING_SECTIONS]

export const EXEC = {
  exec: execSection,
  environment: environmentSection,
  outputs: outputsSection,
  files: writtenSection,
} as const

/** All sections of `locket exec`, in the order of help and reference. */
export const EXEC_SECTIONS: readonly Section[] = [...Object.values(EXEC), ...RENDERING_SECTIONS]

/** What `locket secret` takes: every command of it the last two, some one of the others. */
export const SECRET_SECTIONS: readonly Section[] = [
  secretSetSection,
  secretGetSection,
  secretListSection,
  secretImportSection,
  storeSection,
  logSection,
]

/** What each command of `locket secret` takes. */
export const SECRET_ACTIONS: Readonly<Record<string, readonly Section[]>> = {
  set: [secretSetSection, storeSection, logSection],
  get: [secretGetSection, storeSection, logSection],
  list: [secretListSection, storeSection, logSection],
  rm: [storeSection, logSection],
  import: [secretImportSection, storeSection, logSection],
  'rotate-key': [storeSection, logSection],
}

/** What `locket check` takes beside the flags of `locket volume`, and the one of those that it is seldom called without. */
export const CHECK_SECTIONS: readonly Section[] = [checkSection, VOLUME.configFile]

export function fieldsOf(sections: readonly Section[]): readonly Field[] {
  return sections.flatMap((section) => Object.values(section.fields))
}
