// What was seen, written into docs/browsers.md between its two marks.

const begin = '<!-- seen: written by make browser -->\n';
const end = '<!-- end of seen -->';

export function into(page, seen) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/browsers.md has lost a mark: ${begin}${end}`);
  return page.slice(0, from + begin.length) + report(seen) + page.slice(to);
}

function report({ version, works, attacks, leaked }) {
  const lines = [
    `Chromium ${version}, with authd on \`login.shop.localhost\` and the page on \`app.shop.localhost\`.`, '',
    '| on the sign-in page | what happened |', '|---|---|',
    ...works.map(({ tried, came }) => `| ${tried} | ${came} |`), '',
    'Then somebody who is signed in visits a page of somebody else\'s. What that page saw stands first, what authd was asked and answered behind it.',
    'After each attempt the cookie was the same, and after all of them the victim was in the same session.', '',
  ];
  const strangers = [...new Set(attacks.map(({ who }) => who))];
  const tried = [...new Set(attacks.map(({ tried: what }) => what))];
  lines.push(`| the hostile page | on ${strangers.join(' | on ')} |`, `|---|${'---|'.repeat(strangers.length)}`);
  for (const what of tried) {
    const cells = strangers.map((who) => {
      const found = attacks.find((one) => one.who === who && one.tried === what);
      if (!found) return '—';
      return found.answered ? `${found.saw}; ${found.answered}` : found.saw;
    });
    lines.push(`| ${what} | ${cells.join(' | ')} |`);
  }
  lines.push('', `${attacks.length} attempts, none of which did anything. \`OPTIONS 204\` is a preflight whose answer names nobody.`, '');
  lines.push(leaked
    ? 'What no server can help: the **server** on another port of authd\'s host was sent the cookie.'
    : 'No server but authd was sent the cookie.');
  return lines.join('\n') + '\n';
}
