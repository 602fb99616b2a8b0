import { escapeUnit } from '../text/json-string.ts'
import { bytesOf, defineFilter, decodeValue } from './define.ts'

/**
 * Characters that JSON allows without an escape, and that YAML readers treat as line breaks, drop or refuse.
 */
const YAML_SPECIAL = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/
const C1_CONTROLS = Array.from({ length: 0x21 }, (_, n) => String.fromCharCode(0x7f + n))
const SPECIAL_UNITS = [...C1_CONTROLS, '\u2028', '\u2029', '\ufeff', '\ufffe', '\uffff']

/** Filter `json`: writes the value as a string that JSON and YAML read alike, quotes included. */
export const json = defineFilter({
  name: 'json',
  summary: 'a quoted string for JSON and YAML, quotes included',
  parameters: [],
  apply(value) {
    const quoted = JSON.stringify(decodeValue(value))
    return bytesOf(YAML_SPECIAL.test(quoted) ? escapeSpecial(quoted) : quoted)
  },
})

/** One pass for each unit: a function that is called for each match takes five times as long. */
function escapeSpecial(text: string): string {
  return SPECIAL_UNITS.reduce((escaped, unit) => escaped.replaceAll(unit, escapeUnit(unit)), text)
}
