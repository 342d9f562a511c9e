import type { ClientState, Via } from '../core/index.js'
import type { Notice, NoticeKind } from './notices.js'

/** What a text of the banner may depend on. */
export interface BannerSituation {
  /** With `reason`, `since`, `attempt` and `code` where the client's state has them. */
  readonly state: ClientState
  /** By which way the connection goes or went, and why not by a better one. */
  readonly transport: Via | undefined
  /** For `countdown`: whole seconds until the next attempt. Elsewhere 0. */
  readonly seconds: number
  /** For `recovered`: what was shown before. */
  readonly after?: NoticeKind
}

export type BannerText = string | ((situation: BannerSituation) => string)

/** Every text of the banner: a title for each kind of notice, which is read out when it comes, notes beside them, and the button's names. */
export interface BannerTexts extends Readonly<Record<NoticeKind, BannerText>> {
  /** Beside `connecting` and `reconnecting` when an attempt has failed, anew each second; never read out by itself. */
  readonly countdown: BannerText
  /** Beside `reconnecting` while an attempt is under way. Read out, and beside `connecting` and `offline`, when a person asked for it. */
  readonly trying: BannerText
  /** Beside `degraded`, from the press of its button to the server's answer, and for two seconds from there. */
  readonly checking: BannerText
  readonly checked: BannerText
  /** The button of `connecting`, `reconnecting` and `offline`. */
  readonly tryNow: BannerText
  /** The button of `degraded`. */
  readonly checkForUpdates: BannerText
  /** The button of `closed`. */
  readonly connectAgain: BannerText
}

/** A notice in words. */
export interface Words extends Pick<Notice, 'kind' | 'isSpoken'> {
  readonly title: string
  readonly note: string
  /** The button's; empty where there is none. */
  readonly action: string
}

const because = (text: string, { reason }: ClientState): string => text + (reason ? `: ${reason}` : '')

const ENGLISH: BannerTexts = {
  connecting: 'Connecting…',
  reconnecting: 'Connection lost.',
  offline: 'You are offline',
  degraded: ({ state }) => because('Updates may be slow', state),
  closed: ({ state }) => because('Disconnected', state),
  recovered: ({ after }) =>
    after === 'degraded' ? 'Updates are fast again' : `Connected${after === 'connecting' ? '' : ' again'}`,
  countdown: ({ seconds }) => `Trying again in ${seconds} s`,
  trying: ({ state }) => `Trying ${state.name === 'connecting' ? 'again' : 'to reconnect'}…`,
  checking: 'Checking…',
  checked: 'Checked just now',
  tryNow: 'Try now',
  checkForUpdates: 'Check for updates',
  connectAgain: 'Connect again',
}

const ACTIONS: { readonly [K in NoticeKind]?: keyof BannerTexts | '' } = {
  degraded: 'checkForUpdates',
  closed: 'connectAgain',
  recovered: '',
}

/** A notice in words: the application's where it gave some, else English. */
export function inWords(notice: Notice, transport: Via | undefined, texts: Partial<BannerTexts>): Words {
  const { kind, note } = notice
  const say = (name: keyof BannerTexts | '' | undefined): string => {
    const text = name ? (texts[name] ?? ENGLISH[name]) : ''
    return typeof text === 'string' ? text : text({ seconds: 0, ...notice, transport })
  }
  return { ...notice, title: say(kind), note: say(note), action: say(ACTIONS[kind] ?? 'tryNow') }
}
