import type { VolumeConfig } from '../../config/volume/volume-config.ts'
import { addFacts, errnoOf, LocketError, throwErrors, toLocketError } from '../../core/vocabulary/errors.ts'
import { planFiles, type RequestedFile, type SecretSource } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import { uniqueRefs } from '../../core/vocabulary/resolve.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import type { ParseRef, Template } from '../../core/template/template.ts'
import { recipeOf, type PreparedTemplate, type Recipe } from './recipe.ts'

/** The content of a volume, for Status. It holds no value. */
export interface ContentFacts {
  readonly files: readonly string[]
  readonly references: number
  readonly providers: readonly string[]
  readonly warnings: readonly string[]
}

/** One file of a volume. */
export interface PreparedFile extends PreparedTemplate {
  readonly path: string
}

/** Reads and parses every template of a volume. No provider is asked. Throws one error that names all that is wrong. */
export async function prepare(
  { files, parseRef, written }: VolumeConfig,
  sources: SourceFiles,
): Promise<Recipe<PreparedFile>> {
  const rules = { parseRef, maxFileBytes: written.maxFileBytes }
  const errors: LocketError[] = []
  const templates: PreparedFile[] = []
  for (const file of planFiles(files)) {
    const { path, origin } = file
    try {
      templates.push({ path, origin, template: await readTemplate(file, rules, sources) })
    } catch (thrown) {
      errors.push(toLocketError(thrown))
    }
  }
  throwErrors(errors)
  return recipeOf(templates)
}

export function contentFacts({ templates }: Recipe<PreparedFile>): ContentFacts {
  const refs = uniqueRefs(templates.flatMap(({ template }) => template.refs))
  return {
    files: templates.map(({ path }) => path),
    references: refs.length,
    providers: [...new Set(refs.map(({ provider }) => provider))],
    warnings: templates.flatMap(({ path, template }) =>
      template.warnings.map((warning) => `${path}: ${warning}`),
    ),
  }
}

/** Paths of the template files of a volume. */
export function templatePaths(config: VolumeConfig): string[] {
  return config.files.flatMap((file) => (file.source.kind === 'file' ? [file.source.path] : []))
}

export interface TemplateRules {
  readonly parseRef: ParseRef
  readonly maxFileBytes: number
}

/** Reads one template, from its file if it has one, and parses it. Its origin is a fact of the errors that this throws. */
export async function readTemplate(
  { origin, source }: Pick<RequestedFile, 'origin' | 'source'>,
  { parseRef, maxFileBytes }: TemplateRules,
  sources: SourceFiles,
): Promise<Template> {
  const bytes =
    source.kind === 'file'
      ? await fileBytes(source, origin, maxFileBytes, sources)
      : inlineBytes(source.template, origin, maxFileBytes)
  return parseTemplate(bytes, parseRef, origin)
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
