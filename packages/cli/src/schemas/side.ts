/** A schema may change what it checks: `input` is what goes in, as it is sent, `output` what comes out, as it is received. */
export type Side = 'input' | 'output'
