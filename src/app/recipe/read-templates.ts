import { addFacts, errnoOf, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { OutputSource } from '../../core/plan/output-plan.ts'
import type { SecretSource } from '../../core/plan/plan.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { parseSteps } from '../../core/template/parse.ts'
import type { ParseRef, Template } from '../../core/template/template.ts'
import type { Allowance } from '../../core/volume/ceilings.ts'
import { createPace, inOneTurn, inTurns } from '../../core/waiting/turns.ts'

/** The rules for reading templates. `maxFileBytes`: the largest template, in bytes. */
export interface TemplateRules {
  readonly parseRef: ParseRef
  readonly maxFileBytes: number
  /** Left out: a template is parsed in one turn of the event loop, because no other request waits. */
  readonly clock?: Clock | undefined
  /** Counts the templates of a volume. Left out: there is no limit for all of them together. */
  readonly allowance?: Allowance | undefined
  /** Reads standard input. Left out: no template comes from there. */
  readonly readInput?: ReadInput | undefined
}

/** Resolves to all bytes of standard input. Rejects with `too_large` when there are more than `maxBytes`. */
type ReadInput = (maxBytes: number) => Promise<Uint8Array>

interface Unread {
  readonly origin: string
  readonly source: OutputSource
  readonly needsReference?: true
}

/**
 * Number of templates that are read at once. Reading one takes a dozen system calls; 16 at once keep the four
 * file threads of Node busy.
 */
const AT_ONCE = 16

/**
 * Reads and parses templates, each from its file if it has one. Returns errors instead of throwing them. Both
 * lists are in the order of `files`.
 */
export async function readTemplates<F extends Unread>(
  files: readonly F[],
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<{
  readonly templates: readonly (F & { readonly template: Template })[]
  readonly errors: readonly LocketError[]
}> {
  const read = new Map<F, Template>()
  const errors = new Map<F, LocketError>()
  const waiting = files.values()
  // An inline template needs no I/O: a thousand of them would be one turn of the event loop.
  const pace = rules.clock && createPace(rules.clock)
  async function worker(): Promise<void> {
    for (const file of waiting) {
      await pace?.()
      try {
        read.set(file, await readTemplate(file, rules, sources))
      } catch (thrown) {
        // Once a ceiling is reached, every further template would fail for the same reason.
        rules.allowance?.check()
        errors.set(file, toLocketError(thrown))
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return {
    templates: files.flatMap((file) => {
      const template = read.get(file)
      return template === undefined ? [] : [{ ...file, template }]
    }),
    errors: files.flatMap((file) => errors.get(file) ?? []),
  }
}

/** An inline template that was parsed. */
interface Parsed {
  readonly template: Template
  readonly bytes: number
  /** Pairs of braces. */
  readonly tags: number
}

/**
 * The inline templates of the volume configurations that are kept: a Mount parses nothing that its Create has
 * parsed. The parser of references decides the meaning of a text, and is one object for each configuration.
 */
const parsed = new WeakMap<ParseRef, WeakMap<OutputSource, Parsed>>()

/** Reads and parses one template. Its errors carry the origin of the template as a fact. */
async function readTemplate(
  { origin, source, needsReference }: Unread,
  rules: TemplateRules,
  sources: SourceFiles,
): Promise<Template> {
  const { parseRef, clock, allowance } = rules
  const known = parsed.get(parseRef)?.get(source)
  if (known !== undefined) {
    allowance?.addTemplate(origin, known.bytes)
    for (let tag = 0; tag < known.tags; tag += 1) allowance?.addTag(origin)
    return known.template
  }
  const bytes = await bytesOf(source, origin, rules, sources)
  allowance?.addTemplate(origin, bytes.byteLength)
  let tags = 0
  const countTag = () => {
    tags += 1
    allowance?.addTag(origin)
  }
  const steps = parseSteps(bytes, { parseRef, origin, countTag })
  const template = clock === undefined ? inOneTurn(steps) : await inTurns(steps, clock)
  if (needsReference && template.refs.length === 0) throw withoutReference(origin, template)
  if (source.kind === 'inline') keep(parseRef, source, { template, bytes: bytes.byteLength, tags })
  return template
}

function keep(parseRef: ParseRef, source: OutputSource, known: Parsed): void {
  const ofParser = parsed.get(parseRef) ?? new WeakMap<OutputSource, Parsed>()
  parsed.set(parseRef, ofParser.set(source, known))
}

function withoutReference(origin: string, { warnings: [warning] }: Template): LocketError {
  const why = warning === undefined ? '' : `: ${warning}`
  return new LocketError('template_syntax', `it has no reference${why}`, {
    hint: 'write "{{ REFERENCE }}" with the scheme of a provider, like op:// or local://',
    facts: { origin },
  })
}

async function bytesOf(
  source: OutputSource,
  origin: string,
  { maxFileBytes, readInput }: TemplateRules,
  sources: SourceFiles,
): Promise<Uint8Array> {
  if (source.kind === 'inline') return inlineBytes(source.template, origin, maxFileBytes)
  if (source.kind === 'file') return await fileBytes(source, origin, maxFileBytes, sources)
  if (readInput === undefined) throw new LocketError('internal', 'standard input was not expected')
  try {
    return await readInput(maxFileBytes)
  } catch (thrown) {
    throw addFacts(toLocketError(thrown), { origin })
  }
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
    hint: 'a managed plugin sees only its config folder, at /etc/locket, and a container only what is mounted into it',
  })
}
