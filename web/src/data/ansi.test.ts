import { expect, it } from 'vitest';

import { carriedOver, onlyColours, paint, plain } from './ansi';

const esc = '\u001b';

it.each([
  ['colours stay', `${esc}[1;31mred${esc}[0m`, `${esc}[1;31mred${esc}[0m`],
  ['cursor movements go', `a${esc}[2Kb${esc}[10;3Hc${esc}[?25ld`, 'abcd'],
  ['titles and links go', `${esc}]0;title\u0007a${esc}]8;;http://x${esc}\\link${esc}]8;;${esc}\\`, 'alink'],
  ['single characters go', `a${esc}(Bb${esc}7c${esc}=d`, 'abcd'],
  ['an escape that is cut off goes', `a${esc}`, 'a'],
  ['one that is cut off within goes', `a${esc}[`, 'a'],
])('%s', (_, text, want) => {
  expect(onlyColours(text)).toBe(want);
});

it('leaves nothing of colours in plain text', () => {
  expect(plain(`${esc}[1;31mred${esc}[m and ${esc}[38;5;12mblue`)).toBe('red and blue');
});

it('takes a line apart by its colours, and shows markup as it was written', () => {
  expect(paint(`a ${esc}[1;31m<b>&"'${esc}[0m z`)).toEqual([
    { text: 'a ', looks: [] },
    { text: `<b>&"'`, looks: ['red-fg', 'bold'] },
    { text: ' z', looks: [] },
  ]);
});

it('knows colours of the job’s own choice', () => {
  expect(paint(`${esc}[38;2;1;2;3;48;2;4;5;6mx`)).toEqual([
    { text: 'x', looks: [], color: 'rgb(1,2,3)', background: 'rgb(4,5,6)' },
  ]);
});

it('does not let one line’s colours into the next that is painted', () => {
  paint(`${esc}[31mred`);
  expect(paint(`${esc}[1mbold`)).toEqual([{ text: 'bold', looks: ['bold'] }]);
});

it.each([
  ['nothing', 'plain', ''],
  ['what was not reset', `${esc}[31mred`, `${esc}[31m`],
  ['all of it', `${esc}[31m${esc}[1mred`, `${esc}[31m${esc}[1m`],
  ['nothing after a reset', `${esc}[31mred${esc}[0m`, ''],
  ['nothing after an empty reset', `${esc}[31mred${esc}[m`, ''],
  ['what follows a reset in one sequence', `${esc}[31m${esc}[0;32mgreen`, `${esc}[0;32m`],
  ['a colour whose number is 0', `${esc}[1m${esc}[38;5;0mblack`, `${esc}[1m${esc}[38;5;0m`],
])('carries over %s', (_, text, want) => {
  expect(carriedOver(text)).toBe(want);
});
