import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { addFacts, errnoOf, LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import { planFiles, type PlannedFile, type RequestedFile, type SecretSource } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { parseSteps } from '../../core/template/parse.ts'
import type { ParseRef, Template } from '../../core/template/template.ts'
import { createAllowance, type Allowance } from '../../core/volume/ceilings.ts'
import { inOneTurn, inTurns } from '../../core/waiting/turns.ts'

/** What is known of a volume's content, for Status. Never a value. */
export interface ContentFacts {
  readonly files: readonly string[]
  readonly references: number
  readonly providers: readonly string[]
  readonly warnings: readonly string[]
}

/** A volume's files with their templates parsed: all that can be known without a provider. */
export interface Prepared {
  readonly files: readonly PreparedFile[]
  readonly refs: readonly SecretRef[]
}

export interface PreparedFile {
  readonly path: string
  readonly origin: string
  readonly template: Template
}

/** How a volume's templates are read. */
export interface PrepareOptions {
  /** Left out: each template is parsed in one turn of the event loop. */
  readonly clock?: Clock
  /** Left out: one for this call. */
  readonly allowance?: Allowance
}

/**
 * Reads and parses every template. No provider is asked. Throws one error that names all that is wrong, or
 * the first ceiling that the volume exceeds.
 */
export async function prepare(
  config: VolumeConfig,
  sources: SourceFiles,
  { clock, allowance = createAllowance(config.ceilings) }: PrepareOptions = {},
): Promise<Prepared> {
  const planned = planFiles(config.files)
  const errors: LocketError[] = []
  const files: PreparedFile[] = []
  for (const file of planned) {
    try {
      files.push(await prepareFile(file, config, sources, { clock, allowance }))
    } catch (thrown) {
      allowance.check()
      errors.push(toLocketError(thrown))
    }
  }
  throwErrors(errors)
  return { files, refs: uniqueRefs(files.flatMap((file) => file.template.refs)) }
}

export function contentFacts(prepared: Prepared): ContentFacts {
  return {
    files: prepared.files.map((file) => file.path),
    references: prepared.refs.length,
    providers: [...new Set(prepared.refs.map((ref) => ref.provider))],
    warnings: contentWarnings(prepared.files),
  }
}

const MOST_NAMED = 10

/** Likely mistakes in a volume's files, one line each. A text without a reference is one: its braces may have been forgotten. */
export function contentWarnings(files: readonly PreparedFile[]): readonly string[] {
  const plain = files.filter(({ template }) => template.refs.length === 0).map(({ path }) => path)
  const more = plain.length > MOST_NAMED ? ` and ${plain.length - MOST_NAMED} more` : ''
  return [
    ...(files.length === 0 ? ['the volume has no file: no option secret.NAME is set'] : []),
    ...(plain.length === 0 ? [] : [`${NO_REFERENCE} in ${plain.slice(0, MOST_NAMED).join(', ')}${more}`]),
    ...files.flatMap(({ path, template }) => template.warnings.map((warning) => `${path}: ${warning}`)),
  ]
}

/** The beginning of a warning. */
export const NO_REFERENCE = 'no reference, so the text is written as it is (is {{ reference }} meant?),'

/** Template files that a change of has to be noticed. */
export function templatePaths(config: VolumeConfig): string[] {
  return config.files.flatMap((file) => (file.source.kind === 'file' ? [file.source.path] : []))
}

async function prepareFile(
  file: PlannedFile,
  { parseRef, written }: VolumeConfig,
  sources: SourceFiles,
  options: Pick<TemplateRules, 'clock' | 'allowance'>,
): Promise<PreparedFile> {
  const rules = { parseRef, maxFileBytes: written.maxFileBytes, ...options }
  const template = await readTemplate(file, rules, sources)
  return { path: file.path, origin: file.origin, template }
}

export interface TemplateRules {
  readonly parseRef: ParseRef
  readonly maxFileBytes: number
  /** Left out: a template is parsed in one turn of the event loop, because nobody else waits. */
  readonly clock?: Clock | undefined
  /** Counts the templates of a volume. */
  readonly allowance?: Allowance | undefined
}

/** Reads one template, from its file if it has one, and parses it. Its origin is a fact of the errors that this throws. */
export async function readTemplate(
  { origin, source }: Pick<RequestedFile, 'origin' | 'source'>,
  { parseRef, maxFileBytes, clock, allowance }: TemplateRules,
  sources: SourceFiles,
): Promise<Template> {
  const bytes =
    source.kind === 'file'
      ? await fileBytes(source, origin, maxFileBytes, sources)
      : inlineBytes(source.template, origin, maxFileBytes)
  allowance?.addTemplate(origin, bytes.byteLength)
  const countTag = allowance && (() => allowance.addTag(origin))
  const steps = parseSteps(bytes, { parseRef, origin, countTag })
  return clock === undefined ? inOneTurn(steps) : inTurns(steps, clock)
}

async function fileBytes(
  { kind: _kind, path, ...place }: Extract<SecretSource, { kind: 'file' }>,
  origin: string,
  maxBytes: number,
  sources: SourceFiles,
): Promise<Uint8Array> {
  try {
    return await sources.read(path, { maxBytes, ...place })
  } catch (thrown) {
    throw unreadable(origin, path, toLocketError(thrown))
  }
}

function inlineBytes(template: string, origin: string, maxBytes: number): Uint8Array {
  const bytes = new TextEncoder().encode(template)
  if (bytes.byteLength <= maxBytes) return bytes
  throw new LocketError(
    'too_large',
    `the template has ${bytes.byteLength} bytes, max-file-size is ${maxBytes}`,
    { facts: { origin } },
  )
}

function unreadable(origin: string, path: string, error: LocketError): LocketError {
  if (errnoOf(error.cause) !== 'ENOENT') return addFacts(error, { origin })
  return new LocketError(error.code, `template file ${path} does not exist`, {
    facts: { origin, path },
    names: ['path'],
    cause: error,
    hint: 'a managed plugin sees only what its config folder holds, at /etc/locket',
  })
}
