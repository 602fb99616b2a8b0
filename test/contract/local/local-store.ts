import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { SecretStore } from '../../../src/core/ports/secret-store.ts'
import { parseSecretName } from '../../../src/core/vocabulary/secret-name.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { openOwnFiles } from '../../../src/host/files/own-files.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import type { LocalPaths } from '../../../src/providers/local/reader.ts'
import { openSecretFile } from '../../../src/providers/local/secrets-file.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

export const run = promisify(execFile)

/** A secrets file in a folder of its own, which ends with the test. */
export interface LocalStore extends LocalPaths {
  readonly dir: string
  readonly store: SecretStore
  put(name: string, value: string | Uint8Array): Promise<void>
  putMany(values: Readonly<Record<string, string>>): Promise<void>
}

export async function localStore(t: TestContext): Promise<LocalStore> {
  const dir = await temporaryFolder(t)
  const paths = { file: join(dir, 'secrets.age'), key: join(dir, 'local.key') }
  const store = storeAt(paths)
  return {
    dir,
    ...paths,
    store,
    async put(name, value) {
      const secret = typeof value === 'string' ? Secret.fromText(value) : new Secret(Uint8Array.from(value))
      await store.set(new Map([[parseSecretName(name), secret]]), AbortSignal.timeout(20_000))
    },
    async putMany(values) {
      const entries = Object.entries(values).map(
        ([name, value]) => [parseSecretName(name), Secret.fromText(value)] as const,
      )
      if (entries.length > 0) await store.set(new Map(entries), AbortSignal.timeout(20_000))
    },
  }
}

export function storeAt(paths: LocalPaths): SecretStore {
  const clock = systemClock()
  return openSecretFile(paths, {
    clock,
    emit: createRecordingLog().emit,
    files: openSourceFiles(),
    own: openOwnFiles(clock),
  })
}
