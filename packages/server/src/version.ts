/** The version of all Millrace packages; a test compares it with package.json. */
export const VERSION = '0.1.0'
