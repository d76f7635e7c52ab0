// Colours in the output of jobs. Of what a terminal understands, colours and weights stay; the rest is left out.

import { AnsiUp } from 'ansi_up';

/** A piece of a line that looks the same all over. */
export interface Piece {
  text: string;
  /** Words such as "red-fg" and "bold", for which the style sheet has colours of both schemes. */
  looks: readonly string[];
  /** A colour of the job's own choice, such as "rgb(255,0,0)". */
  color?: string;
  background?: string;
}

const sgr = /\u001b\[([\d;]*)m/g; // eslint-disable-line no-control-regex
// All other sequences: cursor movements, titles and links, single characters, and an escape that nothing follows.
const others =
  /\u001b(?:\[(?![\d;]*m)[0-?]*[ -/]*[@-~]?|[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\)?|(?![[\]])[ -/]*[0-~]?)/g; // eslint-disable-line no-control-regex

/** Leaves of the escapes only those that choose colours and weights. */
export function onlyColours(text: string): string {
  return text.includes('\u001b') ? text.replace(others, '') : text;
}

/** Leaves out all escapes of a text that went through onlyColours. */
export function plain(text: string): string {
  return text.includes('\u001b') ? text.replace(sgr, '') : text;
}

/** Returns what has to stand before the next line so that it goes on as this one ended. */
export function carriedOver(text: string): string {
  let carried = '';
  for (const [sequence, words = ''] of text.matchAll(sgr)) {
    // A reset anywhere in the sequence ends all that was before it.
    const resets =
      words === '' || words.split(';').some((word, i, all) => Number(word) === 0 && !isColour(all, i));
    carried = resets ? (/^(0*;?)*$/.test(words) ? '' : sequence) : carried + sequence;
  }
  return carried.length > 200 ? '' : carried;
}

/** Whether a number belongs to a colour such as 38;5;0 and does not reset. */
function isColour(words: readonly string[], at: number): boolean {
  const within = (back: number, kind: string) =>
    words[at - back + 1] === kind && ['38', '48'].includes(words[at - back] ?? '');
  return within(2, '5') || within(2, '2') || within(3, '2') || within(4, '2');
}

const painter = new AnsiUp();
painter.use_classes = true;
painter.url_allowlist = {};

const painted = /<span(?: style="([^"]*)")?(?: class="([^"]*)")?>([^<]*)<\/span>|([^<]+)/g;
const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#x27;': "'",
};

/** Takes a line that went through onlyColours apart by its colours. */
export function paint(text: string): Piece[] {
  if (!text.includes('\u001b')) return text === '' ? [] : [{ text, looks: [] }];
  const pieces: Piece[] = [];
  const html = painter.ansi_to_html(`\u001b[0m${text}\u001b[0m`);
  for (const [, style = '', classes = '', inner, outer] of html.matchAll(painted)) {
    pieces.push(pieceOf(style, classes, inner ?? outer ?? ''));
  }
  return pieces;
}

function pieceOf(style: string, classes: string, html: string): Piece {
  const looks = classes
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.replace(/^ansi-/, ''));
  const piece: Piece = {
    text: html.replace(/&(?:amp|lt|gt|quot|#x27);/g, (word) => entities[word] ?? word),
    looks,
  };
  for (const rule of style.split(';')) {
    const [name = '', value = ''] = rule.split(':');
    if (name === 'color') piece.color = value;
    else if (name === 'background-color') piece.background = `rgb(${value.replace(/^rgb\(|\)$/g, '')})`;
    else if (name === 'font-weight') looks.push('bold');
    else if (name === 'opacity') looks.push('faint');
    else if (name === 'font-style') looks.push('italic');
    else if (name === 'text-decoration') looks.push('underline');
  }
  return piece;
}
