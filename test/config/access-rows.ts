import type { FileAccess } from '../../src/core/text/units.ts'
import type { SettingRow } from './setting-rows.ts'

const ALONGSIDE = { alongside: { 'secret.a': 'x' }, argv: ['--secret=a=x'] }

/** The rows of the settings of single files. */
export const ACCESS_ROWS: Readonly<Record<string, SettingRow>> = {
  'secret-mode': {
    ...ALONGSIDE,
    texts: ['a=0440', 'a=256'],
    seen: [0o440, 0o400],
    byDefault: undefined,
    read: accessOfA(({ mode }) => mode),
  },
  'secret-user': {
    ...ALONGSIDE,
    texts: ['a=5:6', 'a=7'],
    seen: [6, 7],
    byDefault: undefined,
    read: accessOfA(({ owner }) => owner?.gid),
  },
}

function accessOfA(read: (access: FileAccess) => unknown): SettingRow['read'] {
  return ({ daemon }, options) =>
    read(daemon.volumeConfig(options).files.find(({ name }) => name === 'a')?.access ?? {})
}
