import { CODES } from '@millrace/client'
import { signal } from '@preact/signals'
import { type JSX, render } from 'preact'
import { Announcements, announce } from '../chat/announce.js'
import { ask, type Identity, identityIn, NotDone, tell } from '../chat/session.js'
import { DeskPage } from './DeskPage.js'
import { type DemoAccount, demoIn, Login } from './Login.js'
import { Desk } from './model.js'

type View =
  | { readonly name: 'asking' }
  | { readonly name: 'login'; readonly demo: readonly DemoAccount[]; readonly notice?: string | undefined }
  | { readonly name: 'desk'; readonly desk: Desk }

const view = signal<View>({ name: 'asking' })

/** The cookie says who this is, and only the server can read it. */
async function begin(): Promise<void> {
  const answer = await ask('/support/desk/session').catch((error: unknown) => error)
  const identity = identityIn(answer)
  if (identity !== undefined) open(identity)
  else showLogin(answer, answer instanceof NotDone ? answer.message : undefined)
}

function showLogin(answer: unknown, notice?: string): void {
  view.value = { name: 'login', demo: demoIn(answer), notice }
  document.title = 'Log in · Support desk'
}

function open(identity: Identity): void {
  const desk = new Desk(identity, (code) => void leave(desk, noticeFor(code)))
  view.value = { name: 'desk', desk }
}

/** Back to the login, and says why. The cookie is taken away as well: where it was not this page that ended it, it is good for nothing any more. */
async function leave(desk: Desk, notice: string): Promise<void> {
  desk.leave()
  showLogin(undefined, notice)
  announce(notice)
  const over = await tell('/support/desk/logout', {}).catch((error: unknown) => error)
  const answer = await ask('/support/desk/session').catch((error: unknown) => error)
  // Another tab may have logged in meanwhile; this one says what became of it all the same.
  if (view.value.name === 'login')
    showLogin(answer, over instanceof NotDone ? `${notice} ${over.message}.` : notice)
}

function noticeFor(code: number): string {
  const revoked: readonly number[] = [CODES['access-revoked'].code, CODES.revoked.code]
  return revoked.includes(code)
    ? 'You were signed out: from another window, or by a lead. Log in to go on.'
    : 'Your login has ended. Log in to go on.'
}

const Page = (): JSX.Element => {
  const now = view.value
  return (
    <>
      {now.name === 'login' && <Login demo={now.demo} notice={now.notice} onLogin={open} />}
      {now.name === 'desk' && (
        <DeskPage desk={now.desk} onLogout={() => void leave(now.desk, 'You are logged out.')} />
      )}
      <Announcements />
    </>
  )
}

const page = document.getElementById('page')
if (page === null) throw new Error('The page has no place to render into')
render(<Page />, page)
void begin()
