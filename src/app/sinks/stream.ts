import type { Secret } from '../../core/vocabulary/secret.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Sink } from './sink.ts'

/**
 * Makes a sink for rendered bytes that are written once and have no name, such as those of standard output.
 * `write` gets the content of each template that has one. Names in the answer are the origins of the
 * templates.
 */
export function openStream(write: (content: Secret) => Promise<void>): Sink<PreparedTemplate> {
  return {
    async put(templates, { contents }) {
      const made: string[] = []
      for (const template of templates) {
        const content = contents.get(template)
        if (content === undefined) continue
        await write(content)
        made.push(template.origin)
      }
      return { changed: [], made, gone: [] }
    },
  }
}
