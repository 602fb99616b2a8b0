import { base64 } from './base64.ts'
import { base64decode } from './base64decode.ts'
import { defaultFilter } from './default.ts'
import type { Filter } from './define.ts'
import { get } from './get.ts'
import { indent } from './indent.ts'
import { json } from './json.ts'
import { shell } from './shell.ts'
import { totp } from './totp.ts'
import { trim } from './trim.ts'
import { urlencode } from './urlencode.ts'

/** All filters that a tag may use, by name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map(
  [base64, base64decode, defaultFilter, get, indent, json, shell, totp, trim, urlencode].map((filter) => [
    filter.name,
    filter,
  ]),
)
