/** A state that no folder has. A shell has it after a call that failed, so that it asks again. */
export const NO_STATE = '0'.repeat(32)
