import { createTheme, rem } from '@mantine/core';
import type { CSSVariablesResolver, MantineColorsTuple } from '@mantine/core';

import { leaveMenu } from './components/menus';

/** The one accent: the petrol of the icon. Any other colour means a state. */
const petrol: MantineColorsTuple = [
  '#e9f6f8',
  '#d3ebef',
  '#a8d7df',
  '#79c1ce',
  '#50adbe',
  '#2f97aa',
  '#178398',
  '#0b7285',
  '#095f6f',
  '#064853',
];

/** The greys of the dark scheme, a little towards blue. */
const slate: MantineColorsTuple = [
  '#d7dbe2',
  '#b4bac5',
  '#939ba8',
  '#6a7280',
  '#3b434f',
  '#2b323c',
  '#222831',
  '#1a1f26',
  '#14181e',
  '#0f1216',
];

/**
 * A list to choose from scrolls as a whole: a part of it that scrolls by itself would be one that no key reaches, as the
 * focus stays in the field.
 */
const list = {
  withScrollArea: false,
  styles: { options: { maxHeight: rem(220), overflowY: 'auto' } },
} as const;

/** What opens over a page is a panel with a heading. */
const overlay = {
  title: { fontWeight: 600 },
  header: { background: 'var(--panel)' },
  content: { background: 'var(--panel)' },
} as const;

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  colors: { petrol, dark: slate },
  defaultRadius: 'md',
  radius: { md: rem(8) },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: '600' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, multiline: true, maw: 360 } },
    Table: { defaultProps: { verticalSpacing: 8, horizontalSpacing: 12 } },
    Modal: {
      defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' } },
      styles: overlay,
    },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } }, styles: overlay },
    Select: { defaultProps: { clearButtonProps: { 'aria-label': 'Clear' }, ...list } },
    MultiSelect: { defaultProps: { clearButtonProps: { 'aria-label': 'Clear' }, ...list } },
    TagsInput: { defaultProps: list },
    // A list has entries, and what says that there is none stands in their place.
    ComboboxEmpty: { defaultProps: { role: 'option', 'aria-disabled': true, 'aria-selected': false } },
    // The first entry has the focus when a menu opens; an element that is none would be one that a menu must not have.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    MenuDropdown: { defaultProps: { onClickCapture: leaveMenu } },
    // The library's own titles on yellow cannot be read well enough.
    Alert: { styles: { title: { color: 'var(--mantine-color-text)' } } },
    Button: { styles: { root: { fontWeight: 500 } } },
    Notification: { styles: { description: { color: 'var(--quiet)' } } },
    InputWrapper: { styles: { label: { fontWeight: 500 } } },
  },
});

/** Gives the library's own colours those of console.css. */
export const cssVariables: CSSVariablesResolver = () => {
  const own = {
    '--mantine-color-body': 'var(--page)',
    '--mantine-color-dimmed': 'var(--quiet)',
    '--mantine-color-placeholder': 'var(--quiet)',
    '--mantine-color-error': 'var(--tone-bad)',
    '--mantine-color-default': 'var(--panel)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-red-filled': '#b81f2b',
    '--mantine-color-red-filled-hover': '#a01a25',
    '--mantine-color-red-light-color': 'var(--tone-bad)',
    '--mantine-color-yellow-light-color': 'var(--tone-warn)',
    '--mantine-color-teal-light-color': 'var(--tone-ok)',
  };
  // On dark panels the library's own tint of what is chosen can hardly be seen, and those of alerts glare.
  const dark = {
    '--mantine-color-petrol-light': 'rgb(80 173 190 / 20%)',
    '--mantine-color-petrol-light-hover': 'rgb(80 173 190 / 28%)',
    '--mantine-color-petrol-light-color': '#a8d7df',
    '--mantine-color-red-light': 'rgb(255 146 146 / 13%)',
    '--mantine-color-red-light-hover': 'rgb(255 146 146 / 18%)',
    '--mantine-color-yellow-light': 'rgb(242 189 85 / 14%)',
    '--mantine-color-yellow-light-hover': 'rgb(242 189 85 / 20%)',
  };
  return { variables: {}, light: own, dark: { ...own, ...dark } };
};
