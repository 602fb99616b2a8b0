import type { CheckConfig } from '../../config/check-config.ts'
import type { ComposeFile } from '../../config/compose/file.ts'
import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { parseDotenv } from '../../core/text/dotenv.ts'
import {
  errnoOf,
  isLocketError,
  partsOf,
  toLocketError,
  type LocketError,
} from '../../core/vocabulary/errors.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import { checkCompose } from './compose.ts'
import type { CheckInput } from './input.ts'
import type { CheckedPlace, Findings } from './place.ts'

/** The findings of one file. */
export interface FileReport {
  /** Path as given on the command line, that of the compose file of a folder, or `standard input`. */
  readonly file: string
  readonly kind: 'compose' | 'template'
  /** Number of volumes of locket in a compose file. */
  readonly volumes: number
  readonly services: number
  readonly problems: readonly LocketError[]
  /** Warnings, one line each. */
  readonly warnings: readonly string[]
}

/** One checked file. */
export interface CheckedFile {
  readonly report: FileReport
  readonly places: readonly CheckedPlace[]
}

/**
 * Checks one file: a compose file, or else a template. Asks no network. Problems are in the report: it
 * rejects only on a bug.
 */
export async function checkFile(
  input: CheckInput,
  config: CheckConfig,
  sources: SourceFiles,
): Promise<CheckedFile> {
  const { name, folder, isYaml = true, content } = input
  if (isLocketError(content)) return failed(name, input.isYaml === true ? 'compose' : 'template', content)
  const volume = config.daemon.volumeConfig({})
  const compose = isYaml ? await readCompose(folder, decode(content), config, sources) : undefined
  if (compose === undefined) return checkTemplate(name, content, volume)
  const found: Findings = { problems: [], warnings: [...compose.warnings], places: [] }
  await checkCompose(compose, { input, config, sources, maxBytes: volume.written.maxFileBytes, found })
  const { problems, warnings, places } = found
  const counts = { volumes: compose.volumes.length, services: compose.services.length }
  return { report: { file: name, kind: 'compose', ...counts, problems, warnings }, places }
}

function checkTemplate(path: string, bytes: Uint8Array, { providers, parseRef }: VolumeConfig): CheckedFile {
  try {
    const template = parseTemplate(bytes, parseRef, path)
    const facts = { file: path, kind: 'template', volumes: 0, services: 0 } as const
    return {
      report: { ...facts, problems: [], warnings: template.warnings },
      places: [{ label: '', providers, templates: [{ where: path, template }] }],
    }
  } catch (thrown) {
    return failed(path, 'template', thrown)
  }
}

function failed(path: string, kind: FileReport['kind'], thrown: unknown): CheckedFile {
  const problems = partsOf(toLocketError(thrown))
  return { report: { file: path, kind, volumes: 0, services: 0, problems, warnings: [] }, places: [] }
}

/**
 * Reads a compose file with the variables of the environment and, below them, those of the .env file beside
 * it, whose values are taken literally. Returns undefined for a text of another kind.
 */
async function readCompose(
  folder: string,
  text: string,
  { composeFile, env }: CheckConfig,
  sources: SourceFiles,
): Promise<ComposeFile | undefined> {
  try {
    const dotenv = decode(await sources.read(`${folder}.env`, { maxBytes: MAX_DOTENV_BYTES }))
    const entries = parseDotenv(dotenv, '.env').map(({ name, value }) => [name, value])
    return composeFile(text, { ...Object.fromEntries(entries), ...env })
  } catch (thrown) {
    const error = toLocketError(thrown)
    const compose = composeFile(text, env)
    if (compose === undefined || errnoOf(error.cause) === 'ENOENT') return compose
    const warning = `its variables are not used: ${error.message}`
    return { ...compose, warnings: [warning, ...compose.warnings] }
  }
}

const MAX_DOTENV_BYTES = 1024 * 1024

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
