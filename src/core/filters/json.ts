import { escapeUnit } from '../text/json-string.ts'
import { bytesOf, defineFilter, decodeValue } from './define.ts'

/** Valid unescaped in JSON, but a line break, invisible or forbidden to YAML readers. */
const YAML_SPECIAL = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

export const json = defineFilter({
  name: 'json',
  summary: 'a quoted string for JSON and YAML, quotes included',
  parameters: [],
  apply: (value) => bytesOf(JSON.stringify(decodeValue(value)).replace(YAML_SPECIAL, escapeUnit)),
})
