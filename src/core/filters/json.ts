import { escapeUnit } from '../text/json-string.ts'
import { bytesOf, defineFilter, decodeValue } from './define.ts'

/**
 * Characters that JSON allows without an escape, and that YAML readers treat as line breaks, drop or refuse.
 */
const YAML_SPECIAL = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/** Filter `json`: writes the value as a string that JSON and YAML read alike, quotes included. */
export const json = defineFilter({
  name: 'json',
  summary: 'a quoted string for JSON and YAML, quotes included',
  parameters: [],
  apply: (value) => bytesOf(JSON.stringify(decodeValue(value)).replace(YAML_SPECIAL, escapeUnit)),
})
