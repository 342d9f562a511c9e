import { signal } from '@preact/signals'
import { type JSX, render } from 'preact'
import { Announcements } from '../chat/announce.js'
import { keepIdentity, storedIdentity } from '../chat/identity.js'
import { DeskPage } from './DeskPage.js'
import { type LoggedIn, Login } from './Login.js'
import { Desk } from './model.js'

/**
 * The login lasts as long as the tab: two tabs can be two agents, which is how one tries the desk alone. The id in it is
 * `agent.` and the key that the demonstration's login asks for.
 */
const KEY = 'support-agent'

const stored = storedIdentity(sessionStorage, KEY)
const desk = signal(stored && new Desk(stored, stored.user.id.replace(/^agent\./, '')))

function login({ identity, agent }: LoggedIn): void {
  keepIdentity(sessionStorage, KEY, identity)
  desk.value = new Desk(identity, agent)
}

function logout(): void {
  keepIdentity(sessionStorage, KEY, undefined)
  desk.value?.leave()
  desk.value = undefined
}

const Page = (): JSX.Element => (
  <>
    {desk.value ? <DeskPage desk={desk.value} onLogout={logout} /> : <Login onLogin={login} />}
    <Announcements />
  </>
)

const page = document.getElementById('page')
if (page === null) throw new Error('The page has no place to render into')
render(<Page />, page)
