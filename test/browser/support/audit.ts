/** Checks of a page for who cannot see it or sees little: structure, names, roles, sizes, contrast. After WCAG 2.2. */
/** A page of any browser in which a function can be run. */
interface Evaluates {
  evaluate(run: () => string[]): Promise<string[]>
}

/** Everything found on the page as it is now; empty when all is well. */
export async function audit(page: Evaluates): Promise<string[]> {
  const found: string[] = []
  // Each check runs in the page, where it can use nothing from outside.
  for (const check of [structure, references, names, roles, targets, contrasts]) {
    found.push(...(await page.evaluate(check)))
  }
  return found
}

function structure(): string[] {
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  const problems: readonly (readonly [boolean, string])[] = [
    [document.title.trim() === '', 'the page has no title'],
    [document.documentElement.lang === '', 'the page does not say its language'],
    [document.querySelectorAll('main').length !== 1, 'the page needs one main'],
    [document.querySelectorAll('h1').length !== 1, 'the page needs one h1'],
    [document.documentElement.scrollWidth > innerWidth, 'the page scrolls sideways'],
    ...ids.map((id, index) => [ids.indexOf(id) !== index, `the id '${id}' is there twice`] as const),
  ]
  return problems.filter(([wrong]) => wrong).map(([, words]) => words)
}

function references(): string[] {
  const attributes = ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-activedescendant', 'for']
  return attributes.flatMap((attribute) =>
    [...document.querySelectorAll(`[${attribute}]`)].flatMap((element) =>
      (element.getAttribute(attribute) ?? '')
        .split(' ')
        .filter((id) => document.getElementById(id) === null)
        .map((id) => `${attribute} leads nowhere ('${id}'): ${element.outerHTML.slice(0, 120)}`),
    ),
  )
}

function names(): string[] {
  const named = `a[href], button, input, textarea, select, dialog[open], [role="img"], [role="dialog"], [role="tab"],
    [role="option"], [role="listbox"], [role="log"], [role="menu"], [role="menuitem"], [role="group"], [role="tablist"],
    [role="tabpanel"], section[tabindex], aside, nav`
  const textOf = (element: Element): string => {
    const copy = element.cloneNode(true) as Element
    for (const hidden of copy.querySelectorAll('[aria-hidden="true"]')) hidden.remove()
    return copy.textContent ?? ''
  }
  const nameOf = (element: Element): string => {
    const labels =
      element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null
    const ids = (element.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean)
    return [
      ...ids.map((id) => document.getElementById(id)?.textContent ?? ''),
      element.getAttribute('aria-label') ?? '',
      ...[...(labels ?? [])].map(textOf),
      textOf(element),
    ].join('')
  }
  return [...document.querySelectorAll(named)]
    .filter((element) => element.checkVisibility() && nameOf(element).trim() === '')
    .map((element) => `it has no name: ${element.outerHTML.slice(0, 120)}`)
}

function roles(): string[] {
  const owners = {
    option: '[role="listbox"]',
    tab: '[role="tablist"]',
    menuitem: '[role="menu"]',
    tabpanel: 'body:has([role="tab"][aria-selected="true"])',
    log: 'main, [role="dialog"]',
  }
  return Object.entries(owners).flatMap(([role, owner]) =>
    [...document.querySelectorAll(`[role="${role}"]`)]
      .filter((element) => !element.closest(owner))
      .map((element) => `a ${role} outside of its ${owner}: ${element.outerHTML.slice(0, 120)}`),
  )
}

/** 24 by 24 pixels, links within a sentence excepted (2.5.8). A label makes its checkbox larger. */
function targets(): string[] {
  return [...document.querySelectorAll('a[href], button, input')]
    .filter((element) => element.checkVisibility() && !element.closest('label'))
    .filter((element) => getComputedStyle(element).display !== 'inline')
    .filter((element) => {
      const { width, height } = element.getBoundingClientRect()
      return width < 24 || height < 24
    })
    .map((element) => `too small to press: ${element.outerHTML.slice(0, 120)}`)
}

/** Text 4.5:1, large text 3:1 (1.4.3); outlines by which fields and buttons are known 3:1 (1.4.11). */
function contrasts(): string[] {
  type Colour = readonly [number, number, number, number]
  const parse = (text: string): Colour => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
    return text.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a]
  }
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (n: 0 | 1 | 2): number => top[n] * top[3] + below[n] * (1 - top[3])
    return [mix(0), mix(1), mix(2), 1]
  }
  const behind = (element: Element | null): Colour => {
    if (element === null) return [255, 255, 255, 1]
    const own = parse(getComputedStyle(element).backgroundColor)
    return own[3] === 1 ? own : over(own, behind(element.parentElement))
  }
  const linear = (value: number): number =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  const luminance = ([r, g, b]: Colour): number =>
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const ratio = (colour: string, background: Colour): number => {
    const pair = [luminance(over(parse(colour), background)), luminance(background)]
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)
  }
  const needed = ({ fontSize, fontWeight }: CSSStyleDeclaration): number => {
    const size = Number.parseFloat(fontSize)
    return size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5
  }
  const exempt = '.hidden-visually, .skip-link, :disabled, svg'
  const seen = [...document.querySelectorAll('body *')].filter(
    (element) => element.checkVisibility() && !element.closest(exempt),
  )
  const texts = seen
    .filter((element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
    )
    .map((element) => {
      const style = getComputedStyle(element)
      return { element, style, is: ratio(style.color, behind(element)), must: needed(style) }
    })
  const outlines = seen
    .filter((element) => element.matches('.input, .composer__box, .button--quiet'))
    .map((element) => {
      const style = getComputedStyle(element)
      return { element, style, is: ratio(style.borderTopColor, behind(element.parentElement)), must: 3 }
    })
  return [...texts, ...outlines]
    .filter(({ is, must }) => is < must)
    .map(
      ({ element, is, must }) => `contrast ${is.toFixed(2)}, not ${must}: ${element.outerHTML.slice(0, 120)}`,
    )
}
