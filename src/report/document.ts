// The frame of every page: title, verdict, content, and a policy that forbids scripts and the network.
import { type Html, html, trusted } from './html.ts';
import { STYLE } from './style.ts';
import { themeCss } from './theme.ts';

/** Characters of a sentence that is too long to shout. */
const LONG = 220;

/**
 * A self-contained HTML document with a verdict of one or more sentences on top; the first is the largest, unless
 * it is long. Pictures are
 * forbidden too, unless they are `embedded` in the page as data URIs.
 */
export function document(
  title: string,
  verdict: readonly string[],
  content: Html,
  pictures: 'none' | 'embedded' = 'none',
): string {
  const [first = '', ...others] = verdict;
  const images = pictures === 'embedded' ? '; img-src data:' : '';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${images}">
<title>${title}</title>
<style>${trusted(`${themeCss(':root')}\n${STYLE}`)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="${first.length > LONG ? 'verdict second' : 'verdict'}">${first}</p>
${others.map((sentence) => html`<p class="verdict second">${sentence}</p>\n`)}</header>
<main>
${content}</main>
</body>
</html>
`.markup;
}
