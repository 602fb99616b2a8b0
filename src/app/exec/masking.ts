import { bytePatterns, type BytePatterns } from '../../core/text/byte-patterns.ts'
import { createFingerprints } from '../../core/vocabulary/fingerprint.ts'
import { DEFAULT_FILTER } from '../../core/filters/default.ts'
import type { Emit } from '../../core/ports/events.ts'
import { isMaskable, printedForms } from '../../core/text/printed-forms.ts'
import { createRedactor, type Redactor } from '../../core/text/redact.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { SecretSegment } from '../../core/template/render.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'

/** Takes the values that a command was given out of what it prints. Disposing wipes them. */
export interface Masking extends Disposable {
  /**
   * Masks these values from now on, in all output. Values of before stay masked: a command may still print
   * them. Logs a warning for values that cannot be masked.
   */
  learn(values: Iterable<readonly [PreparedTemplate, Secret]>): void
  redactor(): Redactor
}

export function createMasking(emit: Emit): Masking {
  const fingerprints = createFingerprints()
  const known = new Set<string>()
  const redactors = new Set<Redactor>()
  let forms: Uint8Array[] = []
  let patterns: BytePatterns = bytePatterns([])

  return {
    learn(values) {
      const unfit: string[] = []
      const before = known.size
      for (const [{ origin }, value] of values) {
        const print = fingerprints.of([['', value]])
        if (known.has(print) || value.byteLength === 0) continue
        known.add(print)
        if (isMaskable(value)) forms = [...forms, ...printedForms(value)]
        else unfit.push(origin)
      }
      if (unfit.length > 0)
        emit('exec.mask.unfit', {
          references: unfit,
        })
      if (known.size === before) return
      const old = patterns
      patterns = bytePatterns(forms)
      for (const redactor of redactors) redactor.use(patterns)
      old.wipe()
    },
    redactor() {
      const redactor = createRedactor(patterns)
      redactors.add(redactor)
      return {
        ...redactor,
        flush() {
          redactors.delete(redactor)
          return redactor.flush()
        },
      }
    },
    [Symbol.dispose]() {
      patterns.wipe()
      for (const form of forms) form.fill(0)
    },
  }
}

/**
 * Templates of what each tag gives alone, and of its secret before filters. A program prints a password more
 * often than the whole URL that it was given in.
 */
export function maskTemplates(templates: readonly PreparedTemplate[]): readonly PreparedTemplate[] {
  const tags = templates.flatMap(({ template }) => template.segments.filter(isSecret))
  const alone = tags.flatMap((tag) => [tag, { ...tag, filters: tag.filters.filter(isDefault) }])
  return alone.map((tag) => ({
    origin: tag.ref.text,
    template: { segments: [tag], refs: [tag.ref], warnings: [] },
  }))
}

function isSecret(segment: PreparedTemplate['template']['segments'][number]): segment is SecretSegment {
  return segment.kind === 'secret'
}

function isDefault({ name }: SecretSegment['filters'][number]): boolean {
  return name === DEFAULT_FILTER
}
