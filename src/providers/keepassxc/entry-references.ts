import { providerError } from '../lib/provider-error.ts'
import type { ExportedEntry } from './export.ts'

/** The attribute that each letter of a reference names. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  T: 'Title',
  U: 'UserName',
  P: 'Password',
  A: 'URL',
  N: 'Notes',
}
/** References that are followed for one value. References can lead to each other. */
const MOST_REFERENCES = 100

/**
 * Returns a value with its references to other entries, `{REF:P@I:id}`, replaced. A cloned entry has them,
 * and `keepassxc-cli export` writes their text. Other words in braces are text. `where` begins the messages,
 * which do not show the value. Throws `not_found` for an entry that is not there, and `provider_protocol`
 * for a reference that finds its entry by another word than its id, or that leads to too many others.
 */
export function withReferences(value: string, entries: readonly ExportedEntry[], where: string): string {
  let count = 0

  function resolve(text: string): string {
    return text.replaceAll(/\{REF:([TUPANI])@([TUPANIO]):([^}]*)\}/gi, (_, letter, search, wanted) => {
      const attribute = ATTRIBUTES[String(letter).toUpperCase()]
      if (attribute === undefined || String(search).toUpperCase() !== 'I')
        throw providerError('provider_protocol', `${where} refers to another entry by a word of it`, {
          hint: 'only {REF:P@I:…} with the id of an entry is followed; for P also T, U, A and N',
        })
      count += 1
      if (count > MOST_REFERENCES)
        throw providerError(
          'provider_protocol',
          `${where} leads to more than ${MOST_REFERENCES} references`,
          {
            hint: 'do its references lead to each other?',
          },
        )
      const found = entries.find(({ id }) => id === String(wanted).toLowerCase())
      if (found === undefined)
        throw providerError('not_found', `${where} refers to an entry that is not there`, {
          hint: 'entries in the recycle bin are not read',
        })
      return resolve(found.fields.get(attribute) ?? '')
    })
  }

  return resolve(value)
}
