/**
 * How the banner looks. Text has 4.5:1 in both schemes, the dot and the button's edge 3:1; a browser test measures it. Browsers without
 * `light-dark()`, before 2024, show it in the page's own colours. Nothing moves, so there is nothing to still for who wants no motion.
 */
const CSS = `
:host{color-scheme:light dark}
:host(:not([hidden])){display:block}
div{height:0;outline:0}
[part~=banner]{display:flex;flex-wrap:wrap;align-items:center;gap:.5em;height:auto;min-height:2em;padding:.375em .75em;line-height:1.4;
border:1px solid var(--millrace-banner-border,light-dark(#d3dcda,#3a4846));
border-radius:var(--millrace-banner-radius,.5em);
background:var(--millrace-banner-background,light-dark(#fff,#1b2423));
color:var(--millrace-banner-color,light-dark(#18211f,#e8efed))}
[part~=banner]::before{content:"";border:.3em solid light-dark(#9a6400,#f0bd62);border-radius:50%}
[part~=closed]::before{border-color:light-dark(#b3261e,#ff9b92)}
[part~=recovered]::before{border-color:light-dark(#1a7447,#5fcf92)}
p{flex:1 1 min(11em,100% - 2em);margin:0;overflow-wrap:anywhere}
span[part]{display:inline-block;unicode-bidi:plaintext}
span:empty{display:none}
[part=title]{font-weight:600}
button{margin-inline-start:auto;padding:.25em .75em;border:1px solid light-dark(#74837f,#7d8f8b);border-radius:.5em;background:none;color:inherit;font:inherit}
button:hover{border-color:currentColor}
button:focus-visible{outline:2px solid;outline-offset:2px}`

/**
 * Gives a shadow root the look. A sheet that a script constructs is no inline style, so `style-src 'self'` lets it be. Browsers without
 * constructable sheets, before 2023, get an element, which such a policy blocks: then the banner is plain, and works.
 */
export function dress(root: ShadowRoot): void {
  if (root.adoptedStyleSheets === undefined)
    root.append(Object.assign(document.createElement('style'), { textContent: CSS }))
  else {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(CSS)
    root.adoptedStyleSheets = [sheet]
  }
}
