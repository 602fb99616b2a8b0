import { parentFolders } from '../../core/plan/paths.ts'
import type { RequestedFile } from '../../core/plan/plan.ts'
import { formatDuration, formatSize } from '../../core/text/units.ts'
import type { Field, SettingsOf } from '../../settings/field.ts'
import type { Layer, Problems } from '../layers/layers.ts'
import { ceilingSection } from '../sections/daemon.ts'
import { volumeFilesSection } from '../sections/files.ts'
import { tmpfsSection, volumeSection } from '../sections/volume.ts'
import type { ParsedOptions } from './driver-opts.ts'

export type Ceilings = SettingsOf<typeof ceilingSection>

/** The settings of a volume that have a ceiling. */
export interface Sizes {
  /** Undefined: the setting is wrong, and reported elsewhere. */
  readonly sizeBytes: number | undefined
  readonly maxFileBytes: number | undefined
  /** 0: off. */
  readonly cacheMs: number | undefined
}

/** Folders that a file's name may have: each is opened on the way to the file. */
const MOST_FOLDERS_DEEP = 32

/**
 * Adds to `problems` each driver option that asks for more than the operator allows. `operator`: the sizes
 * that the operator set for all volumes. They are allowed too when they are above the ceilings.
 */
export function checkCeilings(
  own: ParsedOptions,
  asked: Sizes,
  operator: Sizes,
  ceilings: Ceilings,
  problems: Problems,
): void {
  const { fields } = ceilingSection
  const size = [tmpfsSection.fields.sizeBytes, fields.sizeBytes] as const
  const fileSize = [volumeFilesSection.fields.maxFileBytes, fields.maxFileBytes] as const
  const cache = [volumeSection.fields.cache, fields.cacheMs] as const
  problems.push(
    ...sizeProblem(own.layer, size, [asked.sizeBytes, ceilings.sizeBytes, operator.sizeBytes]),
    ...sizeProblem(own.layer, fileSize, [asked.maxFileBytes, ceilings.maxFileBytes, operator.maxFileBytes]),
    ...sizeProblem(own.layer, cache, [asked.cacheMs, ceilings.cacheMs, operator.cacheMs], formatDuration),
    ...filesProblem(own.files, ceilings.files),
  )
}

function sizeProblem(
  own: Layer,
  [field, ceiling]: readonly [Field, Field],
  [asked = 0, most, operator = 0]: readonly [number | undefined, number, number | undefined],
  format: (value: number) => string = formatSize,
): string[] {
  const origin = own.get(field.name)?.origin
  if (origin === undefined || asked <= Math.max(most, operator)) return []
  return [`${origin} is ${format(asked)}, the operator's ${ceiling.name} is ${format(most)}`]
}

function filesProblem(files: readonly RequestedFile[], most: number): string[] {
  const deep = files.find(({ name }) => name.split('/', MOST_FOLDERS_DEEP + 2).length > MOST_FOLDERS_DEEP + 1)
  if (deep !== undefined) return [`${deep.origin}: the file is in more than ${MOST_FOLDERS_DEEP} folders`]
  const count = files.length + parentFolders(files.map(({ name }) => name)).length
  if (count <= most) return []
  const name = ceilingSection.fields.files.name
  return [`driver options secret.NAME ask for ${count} files and folders, the operator's ${name} is ${most}`]
}
