/** The rights that a person can have on a project. The texts are stored and shown. */
export const PERMISSIONS = {
  see: 'See secrets',
  provision: 'Manage provisioned machines',
  audit: 'Read the audit',
} as const

/** One right on a project. */
export type Permission = keyof typeof PERMISSIONS

/** True for the name of a right. */
export function isPermission(text: string): text is Permission {
  return Object.hasOwn(PERMISSIONS, text)
}

/** A person who uses the dashboard. Times are milliseconds since the epoch. */
export interface PersonRecord {
  /** `p_` and 26 characters. It stays when the name changes. */
  readonly id: string
  /** The name for the login. It is unique. */
  readonly name: string
  /** May do everything: people, all machines, all projects. */
  readonly isAdmin: boolean
  /** The person has a password. Without one, and without a passkey, a setup link is needed. */
  readonly hasPassword: boolean
  readonly createdAt: number
  readonly lastLogin?: number
}

/** A right of a person on one project. */
export interface PermissionRecord {
  readonly project: string
  readonly permission: Permission
}

/** A person who is logged in. */
export interface SessionRecord {
  /** The SHA-256 of the token in the cookie. */
  readonly hash: string
  readonly person: string
  readonly createdAt: number
  /** The end of the session, also if it is used all the time. */
  readonly expires: number
  /** The last request, to the minute. */
  readonly seenAt: number
  readonly address: string
  /** The browser, as it names itself; at most 200 characters. */
  readonly agent: string
}

/** A passkey: the public half of a key that a device keeps. */
export interface PasskeyRecord {
  /** The id of the credential, in base64url. */
  readonly id: string
  readonly person: string
  /** The name that the person chose. */
  readonly name: string
  /** The public key in the form of COSE. */
  readonly publicKey: Uint8Array
  /** The number of logins that the device counts; 0 for devices that do not count. */
  readonly counter: number
  readonly createdAt: number
  readonly lastUsed?: number
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}@._+-]{0,62}$/u

/** True for a name that a person may have: letters, digits, `@`, `.`, `_`, `+` and `-`, at most 63. */
export function isPersonName(text: string): boolean {
  return NAME.test(text) && text === text.normalize('NFC')
}
